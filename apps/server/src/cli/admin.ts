import { readFileSync } from 'node:fs';
import type { AdminClient, ModelStatus, ReloadAnswer } from '@affinis/client';
import { AffinisError, type PluginStatus } from '@affinis/core';
import type { Command } from 'commander';
import { type AdminOptions, addAdminOptions, withAdmin } from './admin-target.ts';
import { modelName } from './output.ts';

export function addAdmin(program: Command): void {
  const admin = program
    .command('admin')
    .description('look after a running server: its configuration, models and plugins')
    .addHelpText(
      'after',
      '\nExamples:\n  affinis admin reload --dry-run\n  affinis admin models --server 127.0.0.1:50052\n  affinis admin unload voice',
    );
  const sub = (name: string, description: string, ...examples: string[]) =>
    addAdminOptions(
      admin
        .command(name)
        .description(description)
        .addHelpText('after', `\nExamples:\n${examples.map((each) => `  affinis admin ${name}${each}`).join('\n')}`),
    );
  sub('reload', 'read the configuration again, or say what that would change', '', ' --dry-run', ' --dry-run next.yaml')
    .option('--dry-run', 'say what would change, and change nothing')
    .argument('[file]', 'with --dry-run: a file here to try, in place of the server’s')
    .action(reload);
  sub('config', 'the configuration in effect, secrets hidden, as YAML', '', ' --server 127.0.0.1:50052').action(
    (options: AdminOptions) =>
      print(options, (client) => client.getConfig(), {
        json: (yaml) => ({ yaml }),
        lines: (yaml) => [yaml.trimEnd()],
      }),
  );
  sub('models', 'the embedders with their models, and whether they are loaded', '', ' --json').action(
    (options: AdminOptions) => print(options, (client) => client.listModels(), models),
  );
  for (const [name, description] of [
    ['load', 'load what was unloaded, or could not be loaded before'],
    ['unload', 'unload an embedder; its pipelines are unavailable until it is loaded again'],
  ] as const)
    sub(name, description, ' voice', ' speaker-ge2e-int8 --json')
      .argument('<name>', 'an embedder, or a model: then all of its embedders')
      .action((of: string, options: AdminOptions) =>
        print(options, (client) => (name === 'load' ? client.loadModel(of) : client.unloadModel(of)), models),
      );
  sub('plugins', 'the plugins and what they offer', '', ' --json').action((options: AdminOptions) =>
    print(options, (client) => client.listPlugins(), {
      json: (plugins) => plugins,
      lines: (each) => each.map(pluginLine),
    }),
  );
}

interface Printed<T> {
  json(answer: T): unknown;
  lines(answer: T): readonly string[];
}

async function print<T>(
  options: AdminOptions,
  ask: (client: AdminClient) => Promise<T>,
  as: Printed<T>,
): Promise<void> {
  const answer = await withAdmin(options, ask);
  for (const line of options.json ? [JSON.stringify(as.json(answer))] : as.lines(answer)) console.log(line);
}

async function reload(file: string | undefined, options: AdminOptions & { readonly dryRun?: boolean }): Promise<void> {
  if (file !== undefined && !options.dryRun)
    throw new AffinisError('invalid-argument', `${file}: a server reads its own file; add --dry-run to try this one`, {
      field: 'file',
    });
  const config = file === undefined ? undefined : textOf(file);
  await print(options, (client) => (options.dryRun ? client.tryReload({ config }) : client.reload()), {
    json: (answer) => ({ dryRun: options.dryRun === true, ...answer }),
    lines: reloadLines,
  });
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new AffinisError('invalid-argument', `${file}: cannot be read`, { field: 'file', cause });
  }
}

function reloadLines({ changes, afterRestart }: ReloadAnswer): readonly string[] {
  if (changes.length + afterRestart.length === 0) return ['no change'];
  return [...changes, ...afterRestart.map((change) => `after a restart: ${change}`)];
}

const models: Printed<readonly ModelStatus[]> = {
  json: (statuses) => statuses,
  lines: (statuses) => statuses.map(modelLine),
};

function modelLine({
  embedder,
  reference,
  state,
  problem,
  model,
  artefactBytes,
  workers,
  pipelines,
}: ModelStatus): string {
  const size = artefactBytes === undefined ? '' : `, ${(artefactBytes / 2 ** 20).toFixed(1)} MiB`;
  const facts = model ? `${modelName(model)}${size}, in ${workers} workers` : `${reference}: ${problem ?? ''}`;
  return `${embedder.padEnd(16)} ${state.padEnd(8)} ${facts} (${pipelines.join(', ') || 'no pipeline'})`;
}

function pluginLine({ name, kind, state, components, restarts, lastError }: PluginStatus): string {
  const offers = components.map((component) => `${component.kind} ${component.id}`).join(', ');
  const trouble = restarts === 0 && lastError === undefined ? '' : `; ${restarts} restarts, last: ${lastError ?? ''}`;
  return `${name.padEnd(28)} ${kind.padEnd(8)} ${state.padEnd(8)} ${offers}${trouble}`;
}

import {
  createModelRepository,
  type ModelEntry,
  type ModelFolder,
  projectionInput,
  readArtefact,
  readModelFile,
  spaceOf,
} from '@affinis/core';
import type { Command } from 'commander';
import { loadConfig, modelRoots } from '../composition.ts';

interface ModelsOptions {
  readonly config?: string;
  readonly json?: boolean;
}

export function addModels(program: Command): void {
  const models = program
    .command('models')
    .description('the models that are found, and whether their files are whole')
    .addHelpText(
      'after',
      '\nExamples:\n  affinis models list\n  affinis models show face-dlib128\n  affinis models verify --json',
    );
  const sub = (name: string, description: string, ...examples: string[]) =>
    models
      .command(name)
      .description(description)
      .addHelpText('after', `\nExamples:\n${examples.map((each) => `  affinis models ${name}${each}`).join('\n')}`)
      .option('-c, --config <file>', 'configuration (default: affinis.yaml here, or none)')
      .option('--json', 'print JSON');
  sub('list', 'name, version, task and licence of every model', '', ' --json').action(list);
  sub('show', 'the manifest of one model', ' face-dlib128', ' face-dlib128@2 --json')
    .argument('<model>', 'NAME or NAME@VERSION')
    .action(show);
  sub('verify', "check every model's sha256, or those named", '', ' face-dlib128 speaker-ge2e-int8 --json')
    .argument('[model...]', 'NAME or NAME@VERSION')
    .action(verify);
}

const repositoryOf = (options: ModelsOptions) => createModelRepository(modelRoots(loadConfig(options.config)));

async function list(options: ModelsOptions): Promise<void> {
  const entries = await repositoryOf(options).list();
  if (options.json) console.log(JSON.stringify(entries.map(summary)));
  else for (const entry of entries) console.log(line(entry));
}

function summary(entry: ModelEntry) {
  const { name, version } = entry;
  if ('error' in entry) return { name, version, error: entry.error.message };
  const { task, modality, backend, output, licence, description } = entry.manifest;
  return {
    name,
    version,
    task,
    modality,
    backend,
    dimension: output.dimension ?? null,
    licence: licence.name,
    description,
  };
}

function line(entry: ModelEntry): string {
  const label = `${entry.name}@${entry.version}`.padEnd(28);
  if ('error' in entry) return `${label} broken: ${entry.error.message}`;
  const { task, licence, description } = entry.manifest;
  return `${label} ${task.padEnd(16)} ${description} (${licence.name})`;
}

async function show(model: string, options: ModelsOptions): Promise<void> {
  const { manifest } = await repositoryOf(options).find(model);
  console.log(
    JSON.stringify(
      manifest.task === 'embedding' ? { ...manifest, space: spaceOf(manifest) } : manifest,
      null,
      options.json ? 0 : 2,
    ),
  );
}

async function verify(names: readonly string[], options: ModelsOptions): Promise<void> {
  const repository = repositoryOf(options);
  const entries =
    names.length > 0 ? await Promise.all(names.map((name) => repository.find(name))) : await repository.list();
  const rows = await Promise.all(entries.map(check));
  if (options.json) console.log(JSON.stringify(rows));
  else
    for (const { model, ok, problem } of rows)
      console.log(`${ok ? 'ok    ' : 'broken'}  ${model}${problem === null ? '' : `: ${problem}`}`);
  if (rows.some(({ ok }) => !ok)) process.exitCode = 5;
}

async function check(entry: ModelEntry | Awaited<ReturnType<ReturnType<typeof repositoryOf>['find']>>) {
  if ('error' in entry) return { model: `${entry.name}@${entry.version}`, ok: false, problem: entry.error.message };
  const { name, version } = entry.manifest;
  const problem = await checkFiles(entry).then(
    () => null,
    (thrown: Error) => thrown.message,
  );
  return { model: `${name}@${version}`, ok: problem === null, problem };
}

/** Throws for the first file that is missing, or not the one that the manifest names. */
async function checkFiles({ manifest, folder }: ModelFolder): Promise<void> {
  const { artefact, uncertainty, task } = manifest;
  const linear = task === 'projection' ? projectionInput(manifest).linear : undefined;
  await readArtefact(folder, artefact);
  for (const named of [uncertainty, linear]) if (named) await readModelFile(folder, named.file, named.sha256);
}

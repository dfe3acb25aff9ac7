import { stat } from 'node:fs/promises';
import type { IdentifiedEnrolment } from '@affinis/client';
import { AffinisError, attempt, type EnrollMode } from '@affinis/core';
import type { Command } from 'commander';
import { createFailures, type Failures } from './failures.ts';
import { withGalleries } from './gallery-target.ts';
import { readSample } from './input.ts';
import { addPair, timeOption } from './metadata-option.ts';
import { createProgress } from './progress.ts';
import { filesByOwner, filesOf, type OwnedFile } from './sample-folders.ts';
import { addTargetOptions, type TargetOptions } from './target-options.ts';

interface EnrollOptions extends TargetOptions {
  readonly gallery: string;
  readonly id?: string;
  readonly pipeline?: string;
  readonly text?: boolean;
  readonly metadata: Readonly<Record<string, string>>;
  readonly consent?: string;
  readonly expires?: string;
  readonly mode: string;
  readonly strict?: boolean;
  readonly json?: boolean;
}

const modes: readonly EnrollMode[] = ['add', 'replace', 'create'];

export function addEnroll(program: Command): void {
  addTargetOptions(program.command('enroll'))
    .description('enrol people (or voices, or sentences) into a gallery: a folder with one subfolder each, or --id')
    .argument('<input...>', 'a folder of folders; with --id files, folders of files, or with --text sentences')
    .requiredOption('--gallery <name>', 'gallery to enrol into')
    .option('--id <name>', 'the identity that all inputs are of')
    .option('--pipeline <name>', "pipeline whose model embeds (default: the gallery's)")
    .option('--text', 'the inputs are sentences, not files; needs --id')
    .option('--metadata <key=value>', 'a fact to keep with each template; repeat for several', addPair, {})
    .option('--consent <date>', 'when consent to keep the templates was given, such as 2026-11-24')
    .option('--expires <date>', 'from then on the templates are never returned, such as 2027-11-24')
    .option('--mode <mode>', 'where a template exists: add (a sample), replace (it), create (refuse)', 'add')
    .option('--strict', 'exit code 5 where any input failed')
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      `
A file that fails is told on standard error and counted; the others are enrolled.

Fields of --json: gallery, enrolled (samples), identities, failed, failures [{input, error {code,
message, field, reason}}] (the first 100)

Examples:
  affinis enroll --gallery staff people/
  affinis enroll --gallery staff --id ann ann-1.jpg ann-2.jpg --metadata team=red
  affinis enroll --gallery staff people/ --consent 2026-11-24 --expires 2027-11-24 --strict
  affinis enroll --gallery phrases --id greeting --text "Good morning" "Hello"`,
    )
    .action(enroll);
}

async function enroll(inputs: readonly string[], options: EnrollOptions): Promise<void> {
  const json = options.json === true;
  const files = await inputsOf(inputs, options);
  const failures = createFailures({ quiet: json });
  const progress = createProgress('enrolled', files.length);
  const identities = new Set<string>();
  let enrolled = 0;
  await withGalleries(options, async (target) => {
    const items = enrolments(files, options, (input, error) => {
      failures.add(input, error);
      progress.tick();
    });
    const { gallery, pipeline } = options;
    for await (const { id, result } of target.enrollStream(gallery, items, { pipeline })) {
      progress.tick();
      if (result.ok) {
        enrolled++;
        identities.add(result.value.template.id);
      } else failures.add(files[Number(id)]?.path ?? '', result.error);
    }
  });
  progress.done();
  const failed = failures.count;
  if (json)
    console.log(
      JSON.stringify({
        gallery: options.gallery,
        enrolled,
        identities: identities.size,
        failed,
        failures: failures.list,
      }),
    );
  else
    console.log(
      `${enrolled} samples of ${identities.size} identities enrolled into ${options.gallery}${failed === 0 ? '' : `, ${failed} failed`}`,
    );
  process.exitCode = failures.exitCode(enrolled, options.strict === true);
}

async function inputsOf(inputs: readonly string[], { id, text }: EnrollOptions): Promise<OwnedFile[]> {
  if (id !== undefined) {
    const paths = text ? inputs : (await Promise.all(inputs.map(expanded))).flat();
    return paths.map((path) => ({ owner: id, path }));
  }
  if (text)
    throw new AffinisError('invalid-argument', '--text needs --id: whose sentences are these?', { field: 'id' });
  return (await Promise.all(inputs.map(filesByOwner))).flat();
}

/** A folder's files, or the file itself; what is not there is told when it is read. */
async function expanded(path: string): Promise<string[]> {
  const isFolder = await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
  return isFolder ? filesOf(path) : [path];
}

/** Reads files as they are asked for; one that cannot be read is left out. */
async function* enrolments(
  files: readonly OwnedFile[],
  options: EnrollOptions,
  onFailure: Failures['add'],
): AsyncGenerator<IdentifiedEnrolment> {
  const { metadata, text = false } = options;
  const consentAt = timeOption(options.consent, 'consent');
  const expiresAt = timeOption(options.expires, 'expires');
  const mode = modes.find((known) => known === options.mode);
  if (!mode) throw new AffinisError('invalid-argument', `--mode ${options.mode}: one of ${modes.join(', ')}`);
  for (const [index, { owner, path }] of files.entries()) {
    const sample = await attempt(() => readSample(path, text, 'input'), 'affinis');
    if (!sample.ok) {
      onFailure(path, sample.error);
      continue;
    }
    yield {
      id: String(index),
      templateId: owner,
      samples: [sample.value],
      metadata,
      mode,
      ...(consentAt === undefined ? {} : { consentAt }),
      ...(expiresAt === undefined ? {} : { expiresAt }),
    };
  }
}

import { createReadStream } from 'node:fs';
import { access, open, rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { AffinisError, exportTemplates, type ImportReport, importTemplates } from '@affinis/core';
import type { Command } from 'commander';
import { backupStore, compactStore, galleriesFolder, loadConfig, readGalleryStore } from '../composition.ts';
import { megabytes, subcommand } from './gallery-command.ts';
import { openStore, whileUnlocked } from './open-galleries.ts';
import { createCounter } from './progress.ts';

interface Options {
  readonly config?: string;
  readonly json?: boolean;
}

/** Commands that work on the galleries' folder itself, without a server's help. */
export function addGalleryFiles(gallery: Command): void {
  const sub = (name: string, description: string, ...examples: string[]) =>
    subcommand(gallery, name, description, ...examples)
      .option('-c, --config <file>', 'configuration that names the folder (default: affinis.yaml here, or none)')
      .option('--json', 'print one JSON object');
  sub(
    'compact',
    'rewrite the folder without what was deleted or has expired; no server may run on it',
    '',
    ' --json',
  ).action(compact);
  sub('export', 'a gallery as JSON Lines, also while a server runs', ' staff staff.jsonl', ' staff > staff.jsonl')
    .argument('<name>', 'the gallery')
    .argument('[file]', 'a new file (default: standard output)')
    .action(exportGallery);
  sub(
    'import',
    'templates of an export; a bad line is told and the others are imported. No server may run on the folder',
    ' staff.jsonl',
    ' staff.jsonl --gallery staff-2 --atomic',
  )
    .argument('<file>', 'what export wrote')
    .option('--gallery <name>', "gallery to import into, made where it is not there (default: the export's)")
    .option('--atomic', 'import nothing where any line is bad')
    .option('--strict', 'exit code 5 where any line was bad')
    .action(importGallery);
  sub('backup', 'a copy of the whole folder, also while a server runs', ' /mnt/backup/galleries-1', ' copy --json')
    .argument('<folder>', 'a new folder; point galleries.path at it to serve it')
    .action(backup);
}

async function compact(options: Options): Promise<void> {
  const loaded = loadConfig(options.config);
  const counter = createCounter('kept');
  const figures = await whileUnlocked(loaded, () =>
    compactStore({ folder: galleriesFolder(loaded), now: Date.now(), onProgress: counter.at }),
  );
  counter.done();
  const { galleries, templates, purged, bytesBefore, bytesAfter } = figures;
  console.log(
    options.json
      ? JSON.stringify(figures)
      : `${templates} templates in ${galleries} galleries kept, ${purged} expired purged; ${megabytes(bytesBefore)} became ${megabytes(bytesAfter)}`,
  );
}

async function exportGallery(name: string, file: string | undefined, options: Options): Promise<void> {
  const store = await readGalleryStore(loadConfig(options.config));
  const counter = createCounter('exported');
  try {
    const lines = Readable.from(exportTemplates(store, { gallery: name, now: Date.now(), onProgress: counter.at }));
    if (file === undefined) await pipeline(lines, process.stdout, { end: false });
    else await writeNewFile(file, lines);
  } finally {
    await store.close();
  }
  counter.done();
  if (file === undefined) return;
  console.log(
    options.json
      ? JSON.stringify({ gallery: name, templates: counter.count, file })
      : `${counter.count} templates of ${name} exported to ${file}`,
  );
}

/** Whole or not there, readable by this user only. */
async function writeNewFile(file: string, lines: Readable): Promise<void> {
  const handle = await open(file, 'wx', 0o600).catch((cause: NodeJS.ErrnoException) => {
    const problem = cause.code === 'EEXIST' ? 'exists; name a new file' : 'cannot be written';
    throw new AffinisError('invalid-argument', `${file}: ${problem}`, { field: 'file', cause });
  });
  try {
    await pipeline(lines, handle.createWriteStream());
  } catch (thrown) {
    await rm(file, { force: true });
    throw thrown;
  }
}

async function importGallery(
  file: string,
  options: Options & { readonly gallery?: string; readonly atomic?: boolean; readonly strict?: boolean },
): Promise<void> {
  await access(file).catch(() => {
    throw new AffinisError('invalid-argument', `${file}: no such file`, { field: 'file', reason: 'NO_FILE' });
  });
  const store = await openStore(loadConfig(options.config));
  const counter = createCounter('imported');
  let report: ImportReport;
  try {
    report = await importTemplates(store, () => createReadStream(file), {
      onProgress: counter.at,
      ...(options.gallery === undefined ? {} : { gallery: options.gallery }),
      ...(options.atomic ? { atomic: true } : {}),
    });
  } finally {
    await store.close();
  }
  counter.done();
  const { gallery, imported, failed, problems } = report;
  if (options.json) console.log(JSON.stringify(report));
  else {
    for (const { line, reason } of problems) console.error(`${file}:${line}: ${reason}`);
    console.log(`${imported} templates imported into ${gallery}${failed === 0 ? '' : `, ${failed} lines were bad`}`);
  }
  process.exitCode = failed === 0 ? 0 : imported === 0 ? 2 : options.strict ? 5 : 0;
}

async function backup(target: string, options: Options): Promise<void> {
  const counter = createCounter('copied');
  const folder = galleriesFolder(loadConfig(options.config));
  const figures = await backupStore({ folder, target: resolve(target), onProgress: counter.at });
  counter.done();
  const { galleries, templates, bytes } = figures;
  console.log(
    options.json
      ? JSON.stringify({ ...figures, folder: target })
      : `${templates} templates in ${galleries} galleries copied to ${target}, ${megabytes(bytes)}`,
  );
}

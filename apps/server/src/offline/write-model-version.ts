import { createHash } from 'node:crypto';
import { cp, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AffinisError, type ModelFolder } from '@affinis/core';
import { parseDocument } from 'yaml';

export interface NewVersion {
  /** The version that the new one is made of. */
  readonly base: ModelFolder;
  /** Folder of models that it goes into. */
  readonly root: string;
  /** Text of its `uncertainty.json`. */
  readonly uncertainty: string;
  /** Texts of its calibrations by metric. */
  readonly calibrations: ReadonlyMap<string, string>;
  /** Metrics that read the variance: the base's thresholds for them belong to another one and are left out. */
  readonly readingVariance: readonly string[];
  /** Put at the end of its model card. */
  readonly card: string;
}

/** Writes `ROOT/NAME/VERSION`, one above the highest there and the base's, whole or not at all; returns its folder. */
export async function writeModelVersion({
  base,
  root,
  uncertainty,
  calibrations,
  readingVariance,
  card,
}: NewVersion): Promise<{ folder: string; version: string }> {
  const { name, version: baseVersion } = base.manifest;
  const taken = await readdir(join(root, name)).catch(() => []);
  const version = String(1 + Math.max(0, ...[...taken, baseVersion].map(Number).filter(Number.isInteger)));
  const folder = join(root, name, version);
  const temporary = join(root, name, `.${version}.${process.pid}.tmp`);
  try {
    await mkdir(join(root, name), { recursive: true });
    await cp(base.folder, temporary, {
      recursive: true,
      filter: (path) => !path.endsWith(join(baseVersion, 'calibration')),
    });
    await writeFile(join(temporary, 'uncertainty.json'), uncertainty);
    if (calibrations.size > 0) await mkdir(join(temporary, 'calibration'));
    for (const [metric, text] of calibrations) await writeFile(join(temporary, 'calibration', `${metric}.json`), text);
    const manifest = parseDocument(await readFile(join(base.folder, 'model.yaml'), 'utf8'));
    manifest.set('version', version);
    manifest.set('uncertainty', {
      file: 'uncertainty.json',
      sha256: sha256Of(uncertainty),
    });
    for (const metric of readingVariance) manifest.deleteIn(['thresholds', metric]);
    await writeFile(join(temporary, 'model.yaml'), manifest.toString({ lineWidth: 0 }));
    const before = await readFile(join(base.folder, 'README.md'), 'utf8').catch(() => `# ${name}\n`);
    await writeFile(join(temporary, 'README.md'), `${withoutUncertainty(before).trimEnd()}\n\n${card}`);
    await rename(temporary, folder);
    return { folder, version };
  } catch (cause) {
    await rm(temporary, { recursive: true, force: true });
    if (cause instanceof AffinisError) throw cause;
    throw new AffinisError(
      'failed-precondition',
      `the new version of ${name} cannot be written into ${root}; name another folder with --models`,
      { field: 'models', cause },
    );
  }
}

/** A card without the section of an earlier fit, and without that of calibrations which are made anew. */
const withoutUncertainty = (card: string): string =>
  card.replace(/^## (?:Uncertainty|Calibration)\n(?:(?!## ).*\n?)*/gm, '');

/** What a manifest says of a file's content. */
export const sha256Of = (text: string): string => createHash('sha256').update(text).digest('hex');

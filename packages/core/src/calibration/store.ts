import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { type Calibration, parseCalibration } from './calibration.ts';

/** What a calibration is for. */
export interface CalibrationKey {
  readonly space: string;
  /** Id of the metric's kind, and its parameters. */
  readonly metric: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  /** Of the embedder; absent where it gives no variance. */
  readonly varianceId?: string | undefined;
  /** Whether the metric reads variances, so that its scores belong to one of them. */
  readonly needsVariance: boolean;
}

export interface StoredCalibration {
  readonly values: Calibration;
  /** First 16 hexadecimal digits of the file's sha256. */
  readonly digest: string;
}

/** Reads every `*.json` of the folders that exist, in order; throws `invalid-argument` naming a file that is broken. */
export async function readCalibrations(folders: readonly string[]): Promise<StoredCalibration[]> {
  const stored: StoredCalibration[] = [];
  for (const folder of folders) {
    const names = await readdir(folder).catch(() => []);
    for (const name of names.filter((file) => file.endsWith('.json')).sort()) {
      const bytes = await readFile(join(folder, name));
      const digest = createHash('sha256').update(bytes).digest('hex').slice(0, 16);
      stored.push({ values: parseCalibration(bytes.toString('utf8'), name), digest });
    }
  }
  return stored;
}

/** The first that fits: a calibration that reads no variance fits every variance of its space. */
export function findCalibration(
  stored: readonly StoredCalibration[],
  key: CalibrationKey,
): StoredCalibration | undefined {
  return stored.find(
    ({ values }) =>
      values.space === key.space &&
      values.metric === key.metric &&
      isDeepStrictEqual(values.parameters, key.parameters) &&
      (values.varianceId === key.varianceId || (values.varianceId === undefined && !key.needsVariance)),
  );
}

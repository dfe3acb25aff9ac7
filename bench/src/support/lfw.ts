import type { MediaSample, Point } from '@affinis/core';
import { readZip } from './archive.ts';
import { readTable } from './tables.ts';
import { requireData } from './workplace.ts';

export const lfwFiles = {
  archive: 'faces/lfw-dev.zip',
  pairs: 'faces/lfw_pairs_dev.csv',
  landmarks: 'faces/lfw_landmarks_dev.tsv',
  scores: 'reference/lfw_pair_scores_dev.tsv',
} as const;

/** A pair of LFW's view 2, folds 1 to 5; images as `NAME/NAME_0001.jpg`. */
export interface LfwPair {
  readonly fold: string;
  readonly left: string;
  readonly right: string;
  readonly genuine: boolean;
}

const archiveFolder = 'lfw-dev/';
const withoutFolder = (path = '') => path.replace(archiveFolder, '');

export const readPairs = (): LfwPair[] =>
  readTable(requireData(lfwFiles.pairs), ',').map(({ fold = '', left, right, same }) => ({
    fold,
    left: withoutFolder(left),
    right: withoutFolder(right),
    genuine: same === '1',
  }));

/** The JPEG of every image that a pair names. */
export function readImages(pairs: readonly LfwPair[]): ReadonlyMap<string, MediaSample> {
  const wanted = new Set(pairs.flatMap(({ left, right }) => [left, right]));
  const files = readZip(requireData(lfwFiles.archive), (name) => wanted.has(withoutFolder(name)));
  return new Map([...files].map(([name, bytes]) => [withoutFolder(name), { kind: 'media', bytes }]));
}

/** Five points of each image, found by YuNet. */
export function readLandmarks(): ReadonlyMap<string, readonly Point[]> {
  const points = ['re', 'le', 'nose', 'rm', 'lm'];
  return new Map(
    readTable(requireData(lfwFiles.landmarks), '\t').map((row) => [
      row.image ?? '',
      points.map((point) => ({ x: Number(row[`${point}_x`]), y: Number(row[`${point}_y`]) })),
    ]),
  );
}

/** A model's cosine of each pair, as computed when the data were made; keyed by `pairKey`. */
export const readReferenceScores = (column: string): ReadonlyMap<string, number> =>
  new Map(
    readTable(requireData(lfwFiles.scores), '\t').map((row) => [
      pairKey(row.image1 ?? '', row.image2 ?? ''),
      Number(row[column]),
    ]),
  );

export const pairKey = (left: string, right: string): string => `${left} ${right}`;

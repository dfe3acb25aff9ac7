import { unfit } from './errors.ts';

/** Embeddings of labelled samples and of degraded copies of them. Row `copy * N + sample` belongs to a copy. */
export interface FittingData {
  /** int32[N]: subject of each sample, 0 or above. */
  readonly subjects: Int32Array;
  /** K, 2 or more: copy 0 is the sample as it was given, the others are degraded. */
  readonly copies: number;
  /** D */
  readonly dimension: number;
  /** float32[K, N, D], as the embedder gives them: of norm 1 where the space is. */
  readonly embeddings: Float32Array;
  /** float32[K, N, F]: the model's features, which the head reads. Absent: it reads the embedding. */
  readonly features?: Float32Array | undefined;
  /** uint8[K, N]: 1 where a copy could not be embedded. A sample without copy 0 is left out. */
  readonly failed?: Uint8Array | undefined;
}

/** What the head reads of each row. */
export interface HeadInput {
  readonly kind: 'features' | 'embedding';
  /** float32[K * N, F] */
  readonly values: Float32Array;
  /** F */
  readonly size: number;
}

export function headInput({ features, embeddings, dimension, subjects, copies }: FittingData): HeadInput {
  if (!features) return { kind: 'embedding', values: embeddings, size: dimension };
  return { kind: 'features', values: features, size: features.length / (subjects.length * copies) };
}

export const isUsable = ({ failed }: FittingData, row: number): boolean => failed?.[row] !== 1;

/** Samples whose copy 0 was embedded. */
export function usableSamples(data: FittingData): Int32Array {
  return Int32Array.from(data.subjects.keys()).filter((sample) => isUsable(data, sample));
}

/** Rows of the copies of some samples that were embedded. */
export function usableRows(data: FittingData, samples: Int32Array): Int32Array {
  const count = data.subjects.length;
  const rows = Array.from({ length: data.copies }, (_, copy) => samples.map((sample) => copy * count + sample));
  return Int32Array.from(rows.flatMap((copy) => [...copy])).filter((row) => isUsable(data, row));
}

export function samplesBySubject({ subjects }: FittingData, samples: Int32Array): Map<number, number[]> {
  const groups = new Map<number, number[]>();
  for (const sample of samples) {
    const subject = subjects[sample] as number;
    const group = groups.get(subject);
    if (group) group.push(sample);
    else groups.set(subject, [sample]);
  }
  return groups;
}

/** Throws `invalid-argument` naming the field for what does not fit together or is not finite. */
export function checkData(data: FittingData): void {
  const { subjects, copies, dimension, embeddings, features, failed } = data;
  const rows = subjects.length * copies;
  if (subjects.length === 0) throw unfit('there are no samples', 'subjects');
  if (!Number.isInteger(copies) || copies < 2)
    throw unfit(`is ${copies}; 2 or more are needed, the sample itself and a degraded copy`, 'copies');
  if (!Number.isInteger(dimension) || dimension < 1) throw unfit(`is ${dimension}; 1 or more is needed`, 'dimension');
  checkLength(
    embeddings,
    rows * dimension,
    'embeddings',
    `${copies} copies x ${subjects.length} samples x ${dimension}`,
  );
  if (failed) checkLength(failed, rows, 'failed', `${copies} copies x ${subjects.length} samples`);
  if (features && (features.length === 0 || features.length % rows !== 0))
    throw unfit(`has ${features.length} numbers, which is no multiple of ${copies} x ${subjects.length}`, 'features');
  const negative = subjects.findIndex((subject) => subject < 0);
  if (negative >= 0) throw unfit(`is ${subjects[negative]}; 0 or above is needed`, `subjects[${negative}]`);
  checkFinite(data, embeddings, dimension, 'embeddings');
  if (features) checkFinite(data, features, features.length / rows, 'features');
}

function checkLength(values: { readonly length: number }, wanted: number, field: string, shape: string): void {
  if (values.length !== wanted) throw unfit(`has ${values.length} numbers; ${wanted} (${shape}) are needed`, field);
}

function checkFinite(data: FittingData, values: Float32Array, size: number, field: string): void {
  const count = data.subjects.length;
  for (let at = 0; at < values.length; at++) {
    const row = Math.floor(at / size);
    if (Number.isFinite(values[at]) || !isUsable(data, row)) continue;
    throw unfit(
      `is ${values[at]}; mark a copy that could not be embedded in "failed"`,
      `${field}[${Math.floor(row / count)}][${row % count}][${at % size}]`,
    );
  }
}

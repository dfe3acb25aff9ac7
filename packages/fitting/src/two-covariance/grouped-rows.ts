import { Matrix } from 'ml-matrix';
import { unfit } from '../errors.ts';

/** Embeddings of labelled samples. */
export interface LabelledRows {
  /** int32[N]: subject of each sample, 0 or above. */
  readonly subjects: Int32Array;
  /** D */
  readonly dimension: number;
  /** float32[N, D] */
  readonly embeddings: Float32Array;
}

/** What the two-covariance model needs of subjects: sizes, means, and the scatter about those. */
export interface GroupedRows {
  readonly dimension: number;
  readonly samples: number;
  readonly subjects: number;
  /** Subjects of equal size share every matrix of the model. */
  readonly bySize: ReadonlyMap<number, Matrix>;
  /** Σ over samples of `(x - mean of its subject)(…)ᵀ`, D x D. */
  readonly scatter: Matrix;
}

/** Throws `invalid-argument` where there are not two subjects, of which one has two samples, or a number is not finite. */
export function groupRows({ subjects, dimension, embeddings }: LabelledRows): GroupedRows {
  if (embeddings.length !== subjects.length * dimension)
    throw unfit(`has ${embeddings.length} numbers for ${subjects.length} samples of ${dimension}`, 'embeddings');
  const wrong = embeddings.findIndex((value) => !Number.isFinite(value));
  if (wrong >= 0) throw unfit(`${embeddings[wrong]} in sample ${Math.floor(wrong / dimension)}`, 'embeddings');
  const groups = new Map<number, number[]>();
  for (const [sample, subject] of subjects.entries()) {
    const group = groups.get(subject);
    if (group) group.push(sample);
    else groups.set(subject, [sample]);
  }
  const several = [...groups.values()].filter(({ length }) => length > 1).length;
  if (groups.size < 2 || several === 0)
    throw unfit(
      `${groups.size} subjects, ${several} with two samples; two subjects and one such are needed`,
      'subjects',
    );
  const means = new Map<number, number[][]>();
  const deviations: number[][] = [];
  for (const group of groups.values()) {
    const mean = meanOf(embeddings, dimension, group);
    const sizes = means.get(group.length);
    if (sizes) sizes.push(mean);
    else means.set(group.length, [mean]);
    if (group.length > 1)
      for (const sample of group)
        deviations.push(mean.map((value, d) => (embeddings[sample * dimension + d] as number) - value));
  }
  return {
    dimension,
    samples: subjects.length,
    subjects: groups.size,
    bySize: new Map([...means].map(([size, rows]) => [size, new Matrix(rows)])),
    scatter: gram(new Matrix(deviations)),
  };
}

/** `XᵀX` */
export const gram = (rows: Matrix): Matrix => rows.transpose().mmul(rows);

function meanOf(embeddings: Float32Array, dimension: number, group: readonly number[]): number[] {
  const mean = new Array<number>(dimension).fill(0);
  for (const sample of group)
    for (let d = 0; d < dimension; d++)
      mean[d] = (mean[d] as number) + (embeddings[sample * dimension + d] as number) / group.length;
  return mean;
}

import { AffinisError, type Embedding, type Result } from '@affinis/core';
import type { LabelledRows } from '@affinis/fitting';
import type { LabelledSamples } from './labelled-samples.ts';

export interface LabelledEmbeddings extends LabelledRows {
  /** Samples that could not be embedded, by reason; they are left out. */
  readonly failures: ReadonlyMap<string, number>;
}

/** The means of what could be embedded, packed. Throws `invalid-argument` where nothing could. */
export function labelledEmbeddings(
  { subjects }: LabelledSamples,
  embedded: readonly Result<Embedding>[],
): LabelledEmbeddings {
  const failures = new Map<string, number>();
  const kept: number[] = [];
  const means: Float32Array[] = [];
  for (const [sample, result] of embedded.entries()) {
    if (result.ok) {
      kept.push(subjects[sample] ?? -1);
      means.push(result.value.mean);
      continue;
    }
    const reason = result.error.reason ?? result.error.code;
    failures.set(reason, (failures.get(reason) ?? 0) + 1);
  }
  const dimension = means[0]?.length ?? 0;
  if (dimension === 0)
    throw new AffinisError(
      'invalid-argument',
      `none of the ${embedded.length} samples could be embedded: ${JSON.stringify(Object.fromEntries(failures))}`,
      { field: 'labels' },
    );
  const embeddings = new Float32Array(means.length * dimension);
  for (const [row, mean] of means.entries()) embeddings.set(mean, row * dimension);
  return { subjects: Int32Array.from(kept), dimension, embeddings, failures };
}

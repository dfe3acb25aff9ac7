import type { Embedded, EmbedderDescription } from '../embedder.ts';
import { createEmbedderHost, type EmbedderHost } from '../embedder-host.ts';
import type { Embedding } from '../embedding.ts';
import { AffinisError } from '../errors.ts';
import type { Metric } from '../metric.ts';
import { failure, type Result, success } from '../result.ts';
import type { Sample, TextSample } from '../sample.ts';
import { createScheduler } from '../scheduler.ts';

/** Small real implementations of core's interfaces, for its own tests. */
export const toySpace = 'toy@1/0';

export const embeddingOf = (mean: readonly number[], extra: Partial<Embedding> = {}): Embedding => ({
  mean: Float32Array.from(mean),
  unitNorm: false,
  space: toySpace,
  ...extra,
});

export const textOf = (text: string): TextSample => ({ kind: 'text', text });

export const toyDescription: EmbedderDescription = {
  model: { name: 'toy', version: '1', sha256: '0'.repeat(64) },
  modality: 'text',
  dimension: 2,
  space: toySpace,
  unitNorm: true,
  uncertainty: 'none',
  licence: 'none',
};

/** Embeds `angle` in degrees as a direction in the plane; refuses what is no number. Counts the samples it saw. */
export function createToyHost(overrides: Partial<EmbedderDescription> = {}): EmbedderHost & { seen: string[] } {
  const seen: string[] = [];
  const description = { ...toyDescription, ...overrides };
  const scheduler = createScheduler<Sample, Embedded>({
    slots: 1,
    maxItems: 16,
    maxCost: 16,
    queueItems: 64,
    queueBytes: 1024,
    run: async (_, samples) => samples.map((sample) => embedAngle(sample, description, seen)),
  });
  const state = { available: true, description } as const;
  return { ...createEmbedderHost({ name: 'toy', state, modality: undefined, scheduler }), seen };
}

function embedAngle(sample: Sample, { space, unitNorm }: EmbedderDescription, seen: string[]): Result<Embedded> {
  const text = sample.kind === 'text' ? sample.text : '';
  seen.push(text);
  const radians = (Number(text) * Math.PI) / 180;
  if (text === '' || Number.isNaN(radians))
    return failure(new AffinisError('invalid-argument', '[toy] not an angle', { field: 'text', reason: 'NO_ANGLE' }));
  return success({
    embedding: { mean: Float32Array.of(Math.cos(radians), Math.sin(radians)), unitNorm, space },
    info: { kind: 'text', tokens: text.length, truncated: false },
    timings: { decodeMs: 1, prepareMs: 2, inferenceMs: 3 },
  });
}

/** The inner product. */
export function createToyMetric(overrides: Partial<Metric> = {}): Metric {
  return {
    id: 'toy',
    polarity: 'similarity',
    needsVariance: false,
    scoreBlock(queries, references, scores) {
      for (let q = 0; q < queries.count; q++)
        for (let r = 0; r < references.count; r++) {
          let sum = 0;
          for (let d = 0; d < queries.dimension; d++)
            sum +=
              (queries.means[(queries.start + q) * queries.dimension + d] ?? 0) *
              (references.means[(references.start + r) * queries.dimension + d] ?? 0);
          scores[q * references.count + r] = sum;
        }
    },
    ...overrides,
  };
}

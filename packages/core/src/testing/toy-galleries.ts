import { createJudge } from '../calibration/policy.ts';
import type { ConfiguredMetric } from '../configured-metric.ts';
import type { EmbedderDescription } from '../embedder.ts';
import type { Embedding } from '../embedding.ts';
import { createGalleries, type GalleriesParts } from '../gallery/create-galleries.ts';
import { createMemoryStore } from '../gallery/memory-store.ts';
import type { RowIndexFactory, RowIndexOptions } from '../gallery/row-index.ts';
import { type AnyMetric, type EmbeddingBlock, localMetric } from '../metric.ts';
import type { SinglePipeline } from '../pipeline.ts';
import type { SampleOrEmbedding } from '../sample.ts';
import { nearestRows } from '../worker/nearest.ts';
import { createToyHost, createToyMetric, embeddingOf } from './toys.ts';

/** A metric whose workers' work is done at once in this thread. */
export const inlineMetric = (metric: AnyMetric): ConfiguredMetric => ({
  name: 'toy',
  spec: { type: 'toy', parameters: {} },
  metric,
  description: '',
  unit: '',
  nearest: async (task) => nearestRows(localMetric(metric, 'a toy gallery'), task),
});

export function toyPipeline(
  overrides: Partial<SinglePipeline> & { readonly description?: Partial<EmbedderDescription> } = {},
): SinglePipeline {
  const { description, metric = createToyMetric(), ...rest } = overrides;
  return {
    kind: 'single',
    name: 'toy',
    state: { available: true },
    embedder: createToyHost(description),
    metricName: 'toy',
    metric,
    scoring: inlineMetric(metric),
    readsQuality: false,
    fusion: 'mean',
    judge: createJudge({ metric, setting: { threshold: 0.9 }, prior: 0.5 }),
    ...rest,
  };
}

/** Galleries over a store in memory, with a clock that the test sets; pipelines are known by their names. */
export async function toyGalleries(
  changes: Partial<GalleriesParts> & {
    readonly store?: ReturnType<typeof createMemoryStore>;
    readonly pipeline?: SinglePipeline;
    readonly clock?: { now: number };
  } = {},
) {
  const { pipeline = toyPipeline(), clock = { now: 1000 }, ...rest } = changes;
  const { store = createMemoryStore() } = changes;
  const galleries = await createGalleries({
    store,
    pipelines: () => new Map([[pipeline.name, pipeline]]),
    memoryLimitBytes: 2 ** 30,
    maxSources: 64,
    now: () => clock.now,
    ...rest,
  });
  return { galleries, store, clock, pipeline };
}

/** A direction in degrees, as an embedding of the toy space. */
export function direction(degrees: number, extra: Partial<Embedding> = {}): SampleOrEmbedding {
  const radians = (degrees * Math.PI) / 180;
  return {
    kind: 'embedding',
    embedding: embeddingOf([Math.cos(radians), Math.sin(radians)], { unitNorm: true, ...extra }),
  };
}

interface ToyRow {
  readonly sequence: number;
  readonly mean: Float32Array;
}

/** A plain row index for the form `cosine`, which tells how it was made and searched. */
export function createToyIndices() {
  const made: RowIndexOptions[] = [];
  const searches: number[] = [];
  let closed = 0;
  const factory: RowIndexFactory = {
    create(options) {
      made.push(options);
      const rows: ToyRow[] = [];
      return {
        get count() {
          return rows.length;
        },
        get bytes() {
          return rows.length * (options.mode === 'exact' ? 4 : 1) * options.dimension;
        },
        append(block, sequences) {
          for (let row = 0; row < block.count; row++)
            rows.push({ sequence: sequences[row] ?? -1, mean: rowOf(block, row).slice() });
        },
        remove(sequence) {
          const at = rows.findIndex((row) => row.sequence === sequence);
          if (at >= 0) rows.splice(at, 1);
          return at >= 0;
        },
        settle: async () => undefined,
        async search(form, queries, { k, allowed }) {
          if (form.kind !== 'cosine') throw new Error(`no form ${form.kind} here`);
          searches.push(queries.count);
          const searched = allowed ? rows.filter(({ sequence }) => Array.from(allowed).includes(sequence)) : [...rows];
          return Array.from({ length: queries.count }, (_, query) =>
            searched
              .map(({ sequence, mean }) => ({ sequence, score: dot(rowOf(queries, query), mean) }))
              .sort((a, b) => b.score - a.score)
              .slice(0, k),
          );
        },
        async close() {
          closed++;
        },
      };
    },
    async close() {
      closed++;
    },
  };
  return {
    factory,
    made,
    searches,
    get closed() {
      return closed;
    },
  };
}

const rowOf = ({ means, start, dimension }: EmbeddingBlock, row: number) =>
  means.subarray((start + row) * dimension, (start + row + 1) * dimension);

const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, value, index) => sum + value * (b[index] ?? 0), 0);

import {
  blockFromProto,
  bytesOf,
  metricListingToProto,
  metricToProto,
  type SpacedBlock,
  scorePairFromProto,
  scoreResultToProto,
  timingsToProto,
  type v1,
} from '@affinis/contracts';
import {
  AffinisError,
  attempt,
  type ConfiguredMetric,
  checkComparable,
  type EmbeddingBlock,
  type Runtime,
  scorePair,
} from '@affinis/core';
import type { CallContext, Guard } from '../grpc/guard.ts';
import { mapConcurrent } from '../grpc/map-concurrent.ts';
import type { Serving } from '../live/serving.ts';
import { checkBatch, type ServiceLimits } from './limits.ts';

/** Most scores in one message of a matrix: 256 KiB of float32. */
const scoresPerMessage = 65_536;

/** `affinis.v1.Metric` over the metrics that are served. */
export function createMetricService(serving: Serving, guard: Guard, limits: ServiceLimits): v1.MetricServer {
  const find = (runtime: Runtime, name: string): ConfiguredMetric => {
    const found = runtime.metrics.get(name);
    if (found) return found;
    throw new AffinisError(
      'not-found',
      `[server] no metric "${name}"; there are: ${[...runtime.metrics.keys()].join(', ')}`,
      { field: 'metric', reason: 'NO_METRIC' },
    );
  };
  return {
    listMetrics: guard.unary('Metric/ListMetrics', async () => ({
      metrics: [...serving.current.metrics.values()].map(({ name, metric, description, unit }) =>
        metricListingToProto({
          name,
          description,
          unit,
          polarity: metric.polarity,
          needsVariance: metric.needsVariance,
        }),
      ),
    })),

    score: guard.unary('Metric/Score', (request: v1.ScoreRequest, context) =>
      serving.use(async (runtime): Promise<v1.ScoreResponse> => {
        const configured = find(runtime, request.metric);
        const { name, metric } = configured;
        checkBatch(request.pairs.length, limits, 'pairs');
        const started = performance.now();
        const results = await Promise.all(
          request.pairs.map(async (pair, index) => {
            const result = await attempt(() => {
              const { left, right } = scorePairFromProto(pair);
              checkComparable(metric, left, right);
              return scorePair(runtime.metricFor(configured, left.space).metric, left, right);
            });
            if (!result.ok) context.report(result.error);
            return scoreResultToProto({ id: pair.id, field: `pairs[${index}]` }, result);
          }),
        );
        const scoreMs = performance.now() - started;
        return {
          results,
          metric: metricToProto({ name, polarity: metric.polarity }),
          timings: timingsToProto({ scoreMs }),
        };
      }),
    ),

    scoreMatrix: guard.serverStream('Metric/ScoreMatrix', (request: v1.ScoreMatrixRequest, context) =>
      serving.stream((runtime) => {
        const configured = find(runtime, request.metric);
        const queries = blockFromProto(request.queries, 'queries');
        const references = blockFromProto(request.references, 'references');
        checkBlocks(configured, queries, references);
        return scoreTiles(
          runtime,
          runtime.metricFor(configured, queries.space),
          shared(queries.block),
          shared(references.block),
          request.rowsPerBlock,
          context,
        );
      }),
    ),
  };
}

interface Tile {
  readonly firstQuery: number;
  readonly queryCount: number;
  readonly firstReference: number;
  readonly referenceCount: number;
}

/** Scores the matrix tile by tile in the workers; tiles come as they finish and say where they lie. */
function scoreTiles(
  runtime: Runtime,
  { name, spec, metric }: ConfiguredMetric,
  queries: EmbeddingBlock,
  references: EmbeddingBlock,
  rowsPerBlock: number,
  { signal }: CallContext,
): AsyncIterable<v1.ScoreMatrixResponse> {
  const identity = metricToProto({ name, polarity: metric.polarity });
  return mapConcurrent(tiles(queries.count, references.count, rowsPerBlock), runtime.pool.size * 2, async (tile) => {
    signal.throwIfAborted();
    const scores = await runtime.pool.score({
      kind: 'score',
      metric: spec,
      queries: { ...queries, start: tile.firstQuery, count: tile.queryCount },
      references: { ...references, start: tile.firstReference, count: tile.referenceCount },
    });
    return { ...tile, scores: bytesOf(finite(scores, metric.id)), metric: identity };
  });
}

async function* tiles(queries: number, references: number, rowsPerBlock: number): AsyncGenerator<Tile> {
  const columns = Math.min(references, scoresPerMessage);
  const most = Math.max(1, Math.floor(scoresPerMessage / columns));
  const rows = rowsPerBlock === 0 ? most : Math.min(rowsPerBlock, most);
  for (let firstQuery = 0; firstQuery < queries; firstQuery += rows)
    for (let firstReference = 0; firstReference < references; firstReference += columns)
      yield {
        firstQuery,
        queryCount: Math.min(rows, queries - firstQuery),
        firstReference,
        referenceCount: Math.min(columns, references - firstReference),
      };
}

/** The block in shared memory, so that handing it to a worker copies nothing. */
function shared(block: EmbeddingBlock): EmbeddingBlock {
  const share = (values: Float32Array) => {
    const copy = new Float32Array(new SharedArrayBuffer(values.byteLength));
    copy.set(values);
    return copy;
  };
  return { ...block, means: share(block.means), ...(block.variances ? { variances: share(block.variances) } : {}) };
}

function checkBlocks({ metric }: ConfiguredMetric, queries: SpacedBlock, references: SpacedBlock): void {
  const row = ({ block, space, varianceId }: SpacedBlock) => ({
    mean: block.means.subarray(0, block.dimension),
    unitNorm: block.unitNorm,
    space,
    ...(block.varianceKind === 'none' || !block.variances
      ? {}
      : { variance: { kind: block.varianceKind, values: block.variances } }),
    ...(varianceId === undefined ? {} : { varianceId }),
  });
  try {
    checkComparable(metric, row(queries), row(references));
  } catch (thrown) {
    const { code, message, field = 'references', reason = 'BAD_BLOCK' } = AffinisError.from(thrown);
    throw new AffinisError(code, message, {
      field: field.replace('left', 'queries').replace('right', 'references'),
      reason,
    });
  }
}

function finite(scores: Float64Array, metric: string): Float32Array {
  const out = new Float32Array(scores.length);
  for (const [index, score] of scores.entries()) {
    if (!Number.isFinite(score))
      throw new AffinisError(
        'invalid-argument',
        `[server] metric "${metric}" gives no finite score for these values; check their scale`,
        { reason: 'NON_FINITE_SCORE' },
      );
    out[index] = score;
  }
  return out;
}

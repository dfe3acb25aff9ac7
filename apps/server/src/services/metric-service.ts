import {
  blockFromProto,
  bytesOf,
  checkBlocks,
  finiteScores,
  metricListingToProto,
  metricToProto,
  rowsOf,
  type SpacedBlock,
  scorePairFromProto,
  scoreResultToProto,
  tilesOf,
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
  scorePairOf,
} from '@affinis/core';
import type { CallContext, Guard } from '../grpc/guard.ts';
import { mapConcurrent } from '../grpc/map-concurrent.ts';
import type { Serving } from '../live/serving.ts';
import { checkBatch, type ServiceLimits } from './limits.ts';

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
        const { name, metric } = usable(configured);
        checkBatch(request.pairs.length, limits, 'pairs');
        const started = performance.now();
        const results = await Promise.all(
          request.pairs.map(async (pair, index) => {
            const result = await attempt(() => {
              const { left, right } = scorePairFromProto(pair);
              checkComparable(metric, left, right);
              return scorePairOf(runtime.metricFor(configured, left.space).metric, left, right, context.signal);
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
        const configured = usable(find(runtime, request.metric));
        const queries = blockFromProto(request.queries, 'queries');
        const references = blockFromProto(request.references, 'references');
        checkBlocks(configured.metric, queries, references);
        return scoreTiles(
          runtime,
          runtime.metricFor(configured, queries.space),
          { ...queries, block: shared(queries.block) },
          { ...references, block: shared(references.block) },
          request.rowsPerBlock,
          context,
        );
      }),
    ),
  };
}

/** Throws what keeps its plugin from being there. */
function usable(configured: ConfiguredMetric): ConfiguredMetric {
  if (configured.problem) throw configured.problem;
  return configured;
}

/** Scores the matrix tile by tile in the workers; tiles come as they finish and say where they lie. */
function scoreTiles(
  runtime: Runtime,
  { name, spec, metric }: ConfiguredMetric,
  queries: SpacedBlock,
  references: SpacedBlock,
  rowsPerBlock: number,
  { signal }: CallContext,
): AsyncIterable<v1.ScoreMatrixResponse> {
  const identity = metricToProto({ name, polarity: metric.polarity });
  return mapConcurrent(
    tilesOf(queries.block.count, references.block.count, rowsPerBlock),
    runtime.pool.size * 2,
    async (tile) => {
      signal.throwIfAborted();
      const rows = rowsOf(queries, tile.firstQuery, tile.queryCount);
      const columns = rowsOf(references, tile.firstReference, tile.referenceCount);
      const scores = metric.remote
        ? await metric.remote.scoreBlock(rows, columns, signal)
        : await runtime.pool.score({ kind: 'score', metric: spec, queries: rows.block, references: columns.block });
      return { ...tile, scores: bytesOf(finiteScores(scores, metric.id)), metric: identity };
    },
  );
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

import {
  blockFromProto,
  bytesOf,
  checkBlocks,
  finiteScores,
  metricToProto,
  rowsOf,
  scorePairFromProto,
  scoreResultToProto,
  tilesOf,
  timingsToProto,
  type v1,
} from '@affinis/contracts';
import { attempt, checkComparable, scorePair } from '@affinis/core';
import { emptyBatch } from './embedder-service.ts';
import { logged, serverStream, unary } from './handlers.ts';
import type { Instances } from './instances.ts';

/** `affinis.v1.Metric` over a plugin's instances. */
export function createMetricService(instances: Instances): v1.MetricServer {
  return {
    listMetrics: unary(async () => ({ metrics: [] })),
    score: unary(async ({ pairs }, metadata) => {
      const { metric, definition } = instances.of(metadata, 'metric');
      if (pairs.length === 0) throw emptyBatch('pairs');
      const started = performance.now();
      const results = await Promise.all(
        pairs.map(async (pair, at) => {
          const result = await attempt(() => {
            const { left, right } = scorePairFromProto(pair);
            checkComparable(metric, left, right);
            return scorePair(metric, left, right);
          });
          if (!result.ok) logged(result.error);
          return scoreResultToProto({ id: pair.id, field: `pairs[${at}]` }, result);
        }),
      );
      return {
        results,
        metric: metricToProto({ name: definition.id, polarity: metric.polarity }),
        timings: timingsToProto({ scoreMs: performance.now() - started }),
      };
    }),
    scoreMatrix: serverStream(async function* (request, metadata) {
      const { metric, definition } = instances.of(metadata, 'metric');
      const queries = blockFromProto(request.queries, 'queries');
      const references = blockFromProto(request.references, 'references');
      checkBlocks(metric, queries, references);
      const identity = metricToProto({ name: definition.id, polarity: metric.polarity });
      for await (const tile of tilesOf(queries.block.count, references.block.count, request.rowsPerBlock)) {
        const rows = rowsOf(queries, tile.firstQuery, tile.queryCount).block;
        const columns = rowsOf(references, tile.firstReference, tile.referenceCount).block;
        const scores = new Float64Array(rows.count * columns.count);
        metric.scoreBlock(rows, columns, scores);
        yield { ...tile, scores: bytesOf(finiteScores(scores, metric.id)), metric: identity };
      }
    }),
  };
}

import { batchesOf, embeddingBytes, type Limits, rowSlices } from '@affinis/client';
import {
  blockToProto,
  embeddingToProto,
  floatsFromBytes,
  type SpacedBlock,
  scoreResultFromProto,
  v1,
} from '@affinis/contracts';
import {
  AffinisError,
  deadlineOf,
  type Embedding,
  failure,
  type ProcessPluginConfig,
  type RemoteMetric,
  type Result,
  type SpacedRows,
} from '@affinis/core';
import { callPlugin } from './call-plugin.ts';
import type { MetricFacts, PluginInstance } from './plugin-instance.ts';
import type { PluginLife } from './plugin-life.ts';
import { wrongAnswer } from './remote-embedder.ts';
import type { Supervisor } from './supervisor.ts';
import { createTicketOffice } from './ticket-office.ts';

export interface RemoteMetricParts {
  readonly id: string;
  readonly config: ProcessPluginConfig;
  readonly supervisor: Supervisor;
  readonly instance: PluginInstance<MetricFacts>;
  /** Gives the instance back. */
  release(): Promise<void>;
}

interface WaitingPair {
  readonly pair: v1.ScorePair;
  readonly deadline: number | undefined;
  resolve(result: Result<number>): void;
}

const mostPairs = 256;
const callsAtOnce = 8;

/** A plugin's metric. Pairs that are asked for in one turn of the event loop travel in one call. */
export function createRemoteMetric(parts: RemoteMetricParts): RemoteMetric {
  const { id, config, supervisor, instance } = parts;
  const tickets = createTicketOffice(callsAtOnce);
  let waiting: WaitingPair[] = [];

  const call = <T>(
    deadline: number | undefined,
    signal: AbortSignal | undefined,
    ask: (life: PluginLife, limits: Limits) => Promise<T>,
  ) =>
    tickets.run(() =>
      callPlugin(supervisor, config, {
        deadline,
        signal,
        ask: async (life, limits) => ask(life, { ...limits, metadata: await instance.metadata(life, limits) }),
      }),
    );
  const scoreBatch = async (batch: readonly WaitingPair[]) => {
    try {
      const pairs = batch.map(({ pair }) => pair);
      const results = await call(latest(batch), undefined, async ({ transport }, limits) => {
        const response = await transport.unary(v1.MetricService.score, { metric: id, pairs }, limits);
        if (response.results.length !== pairs.length)
          throw wrongAnswer(config.name, response.results.length, pairs.length);
        return response.results;
      });
      for (const [at, { resolve }] of batch.entries()) {
        const result = results[at];
        resolve(result ? scoreResultFromProto(result) : failure(undefined));
      }
    } catch (thrown) {
      for (const { resolve } of batch) resolve(failure(thrown));
    }
  };
  const flush = async () => {
    const due = waiting;
    waiting = [];
    const life = await supervisor.life(latest(due)).catch((thrown: unknown) => AffinisError.from(thrown));
    if (life instanceof AffinisError) {
      for (const { resolve } of due) resolve(failure(life));
      return;
    }
    for (const batch of batchesOf(due, pairBytes, life.facts.maxPayloadBytes, mostPairs)) void scoreBatch(batch);
  };
  const scoreTile = (queries: SpacedBlock, references: SpacedBlock, signal: AbortSignal | undefined) =>
    call(deadlineOf(signal), signal, async ({ transport }, limits) => {
      const request = {
        metric: id,
        queries: blockToProto(queries),
        references: blockToProto(references),
        rowsPerBlock: 0,
      };
      const scores = new Float64Array(queries.block.count * references.block.count).fill(Number.NaN);
      let covered = 0;
      for await (const tile of transport.serverStream(v1.MetricService.scoreMatrix, request, limits))
        covered += place(tile, scores, references.block.count);
      if (covered !== scores.length) throw uncovered(config.name);
      return scores;
    });

  return {
    id,
    ...instance.description,
    remote: {
      scorePair: (left, right, signal) =>
        new Promise((resolve) => {
          if (waiting.length === 0) setImmediate(() => void flush());
          waiting.push({ pair: pairOf(left, right), deadline: deadlineOf(signal), resolve });
        }),
      async scoreBlock(queries, references, signal) {
        const { maxPayloadBytes } = (await supervisor.life(deadlineOf(signal))).facts;
        const scores = new Float64Array(queries.block.count * references.block.count);
        const half = maxPayloadBytes / 2;
        for (const rows of rowSlices(spaced(queries), half))
          for (const columns of rowSlices(spaced(references), half)) {
            const tile = await scoreTile(rows, columns, signal);
            const firstQuery = rows.block.start - queries.block.start;
            const firstReference = columns.block.start - references.block.start;
            for (let q = 0; q < rows.block.count; q++)
              scores.set(
                tile.subarray(q * columns.block.count, (q + 1) * columns.block.count),
                (firstQuery + q) * references.block.count + firstReference,
              );
          }
        return scores;
      },
    },
    dispose: () => parts.release(),
  };
}

const pairOf = (left: Embedding, right: Embedding): v1.ScorePair => ({
  id: '',
  left: embeddingToProto(left),
  right: embeddingToProto(right),
});

const pairBytes = ({ pair: { left, right } }: WaitingPair): number =>
  (left ? embeddingBytes(left) : 0) + (right ? embeddingBytes(right) : 0);

function latest(pairs: readonly WaitingPair[]): number | undefined {
  const deadlines = pairs.map(({ deadline }) => deadline ?? Number.POSITIVE_INFINITY);
  const most = Math.max(...deadlines);
  return Number.isFinite(most) ? most : undefined;
}

const spaced = ({ block, space, varianceId }: SpacedRows): SpacedBlock => ({
  block,
  space,
  ...(varianceId === undefined ? {} : { varianceId }),
});

/** Puts a tile into its place of `scores`, float64[Q, `columns`]; returns how many scores it held. */
function place(tile: v1.ScoreMatrixResponse, scores: Float64Array, columns: number): number {
  const { firstQuery, queryCount, firstReference, referenceCount } = tile;
  const values = floatsFromBytes(tile.scores, 'scores');
  const rows = scores.length / columns;
  if (
    values.length !== queryCount * referenceCount ||
    firstQuery + queryCount > rows ||
    firstReference + referenceCount > columns
  )
    throw new AffinisError('internal', '[plugin-host] a tile of the matrix does not fit; see rule D6', {
      reason: 'PLUGIN_OUTPUT',
    });
  for (let q = 0; q < queryCount; q++)
    scores.set(
      values.subarray(q * referenceCount, (q + 1) * referenceCount),
      (firstQuery + q) * columns + firstReference,
    );
  return values.length;
}

const uncovered = (plugin: string) =>
  new AffinisError(
    'internal',
    `[plugin-host] plugin "${plugin}" did not cover the matrix once; see rule D6 of docs/plugin-contract.md`,
    { reason: 'PLUGIN_OUTPUT' },
  );

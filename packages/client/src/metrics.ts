import {
  blockToProto,
  embeddingToProto,
  floatsFromBytes,
  type MetricIdentity,
  metricFromProto,
  type SpacedBlock,
  scoreResultFromProto,
  timingsFromProto,
  v1,
} from '@affinis/contracts';
import { AffinisError, type Embedding, failure, type PhaseTimings, packBlock, type Result } from '@affinis/core';
import { type AskContext, inlineBytes, limitsOf } from './ask.ts';
import { batchesOf } from './batches.ts';
import { embeddingBytes } from './message-size.ts';
import type { CallOptions } from './options.ts';
import { withRetry } from './retry.ts';

export interface EmbeddingPair {
  readonly left: Embedding;
  readonly right: Embedding;
}

export interface Scores {
  /** One a pair, in order. */
  readonly results: readonly Result<number>[];
  readonly metric: MetricIdentity;
  readonly timings: PhaseTimings;
}

/** A rectangle of a score matrix. */
export interface ScoreTile {
  readonly firstQuery: number;
  readonly queryCount: number;
  readonly firstReference: number;
  readonly referenceCount: number;
  /** float32[queryCount, referenceCount], row-major. */
  readonly scores: Float32Array;
  readonly metric: MetricIdentity;
}

/** Scores pairs, in as many calls as their size needs. */
export async function score(
  { transport, settings }: AskContext,
  metric: string,
  pairs: readonly EmbeddingPair[],
  options: CallOptions = {},
): Promise<Scores> {
  const limits = limitsOf(settings, options);
  const messages = pairs.map(({ left, right }) => ({
    id: '',
    left: embeddingToProto(left),
    right: embeddingToProto(right),
  }));
  const sizeOf = ({ left, right }: (typeof messages)[number]) => embeddingBytes(left) + embeddingBytes(right);
  const answers: v1.ScoreResponse[] = [];
  for (const batch of batchesOf(messages, sizeOf, inlineBytes(settings), settings.maxBatchItems)) {
    const request = { metric, pairs: batch };
    answers.push(
      await withRetry(settings.retry, limits, () => transport.unary(v1.MetricService.score, request, limits)),
    );
  }
  const results = answers.flatMap((answer) => answer.results.map(scoreResultFromProto));
  return {
    results: pairs.map((_, index) => results[index] ?? failure(undefined, 'client')),
    metric: metricFromProto(answers[0]?.metric),
    timings: timingsFromProto({
      ...timingsFromProto(undefined),
      scoreMs: answers.reduce((sum, { timings }) => sum + (timings?.scoreMs ?? 0), 0),
    }),
  };
}

/** Scores every query against every reference, tile by tile in any order, in as many calls as their size needs. */
export async function* scoreMatrix(
  { transport, settings }: AskContext,
  metric: string,
  queries: SpacedBlock,
  references: SpacedBlock,
  options: CallOptions & { readonly rowsPerBlock?: number } = {},
): AsyncGenerator<ScoreTile> {
  const half = inlineBytes(settings) / 2;
  for (const rows of rowSlices(queries, half))
    for (const columns of rowSlices(references, half)) {
      const request: v1.ScoreMatrixRequest = {
        metric,
        queries: blockToProto(rows),
        references: blockToProto(columns),
        rowsPerBlock: options.rowsPerBlock ?? 0,
      };
      const tiles = transport.serverStream(v1.MetricService.scoreMatrix, request, limitsOf(settings, options));
      for await (const { scores, firstQuery, firstReference, queryCount, referenceCount, ...tile } of tiles)
        yield {
          firstQuery: rows.block.start - queries.block.start + firstQuery,
          queryCount,
          firstReference: columns.block.start - references.block.start + firstReference,
          referenceCount,
          scores: floatsFromBytes(scores, 'scores'),
          metric: metricFromProto(tile.metric),
        };
    }
}

/** Embeddings of one space as a block. Throws `failed-precondition` where they are of several. */
export function blockOf(embeddings: readonly Embedding[]): SpacedBlock {
  const block = packBlock(embeddings);
  const [first] = embeddings;
  const { space = '', varianceId } = first ?? {};
  for (const [index, embedding] of embeddings.entries())
    if (!sameKind(embedding, first))
      throw new AffinisError(
        'failed-precondition',
        `[client] embedding ${index} differs in space, dimension or variance`,
        {
          field: `[${index}]`,
          reason: 'TWO_SPACES',
        },
      );
  return { block, space, ...(varianceId === undefined ? {} : { varianceId }) };
}

const sameKind = (one: Embedding, other: Embedding | undefined): boolean =>
  one.space === other?.space &&
  one.varianceId === other.varianceId &&
  one.mean.length === other.mean.length &&
  one.variance?.kind === other.variance?.kind;

/** The block in as few slices of rows as `maxBytes` allows. */
export function* rowSlices({ block, ...identity }: SpacedBlock, maxBytes: number): Generator<SpacedBlock> {
  const perRow = { none: 1, scalar: 1, diagonal: 2 }[block.varianceKind] * block.dimension * 4 + 4;
  const rows = Math.max(1, Math.floor(maxBytes / perRow));
  const end = block.start + block.count;
  for (let start = block.start; start < end; start += rows)
    yield { ...identity, block: { ...block, start, count: Math.min(rows, end - start) } };
}

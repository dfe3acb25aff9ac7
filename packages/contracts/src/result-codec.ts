import {
  AffinisError,
  type EmbeddedSample,
  type Embedding,
  failure,
  type ModelIdentity,
  type PhaseTimings,
  type Result,
  type SampleInfo,
  success,
  type Verification,
} from '@affinis/core';
import { judgementFromProto, judgementToProto } from './decision-codec.ts';
import { embeddingFromProto, embeddingToProto } from './embedding-codec.ts';
import { errorFromStatus, statusOf } from './errors.ts';
import type { EmbedResult } from './generated/affinis/v1/embedder.ts';
import type { ScoreResult } from './generated/affinis/v1/metric.ts';
import type * as pb from './generated/affinis/v1/similarity.ts';
import type { PipelineIdentity } from './identity.ts';
import { modelFromProto, modelToProto, pipelineFromProto, pipelineToProto } from './identity-codec.ts';
import { sampleInfoFromProto, sampleInfoToProto } from './sample-info-codec.ts';
import { timingsFromProto, timingsToProto } from './timings-codec.ts';

/** An embedded sample as a client sees it. */
export interface EmbedAnswer {
  readonly embedding: Embedding;
  readonly info?: SampleInfo;
  readonly timings: PhaseTimings;
  readonly model: ModelIdentity;
}

/** A comparison as a client sees it. */
export interface VerifyAnswer extends Verification {
  readonly pipeline: PipelineIdentity;
}

/** What one pipeline made of a compared item. */
export interface PipelineAnswer {
  readonly pipeline: string;
  readonly result: Result<VerifyAnswer>;
}

/** `field` is where the item stands in the request (`items[3]`; on a stream `item`), put before an error's own path. */
export interface ItemPlace {
  readonly id: string;
  readonly field: string;
}

export function embedResultToProto(
  { id, field }: ItemPlace,
  result: Result<EmbeddedSample>,
  model: ModelIdentity,
): EmbedResult {
  if (!result.ok) return { ...emptyEmbedResult, id, status: statusOf(result.error.at(field)) };
  const { embedding, info, timings, queueMs } = result.value;
  return {
    id,
    status: undefined,
    embedding: embeddingToProto(embedding),
    info: info && sampleInfoToProto(info),
    timings: timingsToProto({ ...timings, queueMs }),
    model: modelToProto(model),
  };
}

export function embedResultFromProto(message: EmbedResult): Result<EmbedAnswer> {
  return resultOf(message.status, () => {
    const info = sampleInfoFromProto(message.info);
    return {
      embedding: embeddingFromProto(message.embedding, 'embedding'),
      ...(info ? { info } : {}),
      timings: timingsFromProto(message.timings),
      model: modelFromProto(message.model),
    };
  });
}

export function scoreResultToProto({ id, field }: ItemPlace, result: Result<number>): ScoreResult {
  return result.ok
    ? { id, status: undefined, score: result.value }
    : { id, status: statusOf(result.error.at(field)), score: undefined };
}

export function scoreResultFromProto({ status, score }: ScoreResult): Result<number> {
  return resultOf(status, () => scoreOf(score));
}

export function verifyResultToProto(
  { id, field }: ItemPlace,
  result: Result<Verification>,
  pipeline: PipelineIdentity,
): pb.VerifyResult {
  return { id, ...outcomeToProto(field, result, pipeline) };
}

export function verifyResultFromProto(message: pb.VerifyResult): Result<VerifyAnswer> {
  return resultOf(message.status, () => answerFromProto(message));
}

/** The results of one item by several pipelines, or why the item failed as a whole. */
export function compareResultToProto(
  { id, field }: ItemPlace,
  results: Result<readonly { readonly pipeline: PipelineIdentity; readonly result: Result<Verification> }[]>,
): pb.CompareResult {
  if (!results.ok) return { id, status: statusOf(results.error.at(field)), results: [] };
  const answers = results.value.map(({ pipeline, result }) => ({
    pipeline: pipeline.pipeline,
    ...outcomeToProto(field, result, pipeline),
  }));
  return { id, status: undefined, results: answers };
}

export function compareResultFromProto({ status, results }: pb.CompareResult): Result<readonly PipelineAnswer[]> {
  return resultOf(status, () =>
    results.map((message) => ({
      pipeline: message.pipeline,
      result: resultOf(message.status, () => answerFromProto(message)),
    })),
  );
}

type Outcome = Omit<pb.PipelineResult, 'pipeline'>;

const emptyOutcome = { comparison: undefined, timings: undefined, left: undefined, right: undefined };
const emptyEmbedResult = { embedding: undefined, info: undefined, timings: undefined, model: undefined };

function outcomeToProto(field: string, result: Result<Verification>, pipeline: PipelineIdentity): Outcome {
  if (!result.ok) return { ...emptyOutcome, status: statusOf(result.error.at(field)) };
  const { score, timings, left, right } = result.value;
  return {
    status: undefined,
    comparison: {
      pipeline: pipelineToProto(pipeline),
      score,
      ...judgementToProto(result.value),
    },
    timings: timingsToProto(timings),
    left: { samples: left.map(sampleInfoToProto) },
    right: { samples: right.map(sampleInfoToProto) },
  };
}

function answerFromProto({ comparison, timings, left, right }: Omit<Outcome, 'status'>): VerifyAnswer {
  return {
    pipeline: pipelineFromProto(comparison?.pipeline),
    score: scoreOf(comparison?.score),
    ...judgementFromProto(comparison),
    timings: timingsFromProto(timings),
    left: (left?.samples ?? []).map(sampleInfoFromProto),
    right: (right?.samples ?? []).map(sampleInfoFromProto),
  };
}

function scoreOf(score: number | undefined): number {
  if (score === undefined)
    throw new AffinisError('internal', '[contracts] the answer holds no score; is the server of another version?');
  return score;
}

/** Why an item failed, or what `read` makes of it. */
export function resultOf<T>(status: Parameters<typeof errorFromStatus>[0], read: () => T): Result<T> {
  const error = errorFromStatus(status);
  if (error) return failure(error);
  try {
    return success(read());
  } catch (thrown) {
    return failure(thrown, 'contracts');
  }
}

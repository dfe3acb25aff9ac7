import { AffinisError, type EmbeddedSample, failure, type SampleInfo, success, type Verification } from '@affinis/core';
import { EmbedResult } from './generated/affinis/v1/embedder.ts';
import { ScoreResult } from './generated/affinis/v1/metric.ts';
import { CompareResult, VerifyResult } from './generated/affinis/v1/similarity.ts';
import type { PipelineIdentity } from './identity.ts';
import {
  compareResultFromProto,
  compareResultToProto,
  embedResultFromProto,
  embedResultToProto,
  scoreResultFromProto,
  scoreResultToProto,
  verifyResultFromProto,
  verifyResultToProto,
} from './result-codec.ts';

const place = { id: 'a', field: 'items[3]' };
const model = { name: 'face-x', version: '2', sha256: 'ab'.repeat(32) };
const pipeline: PipelineIdentity = { pipeline: 'face', model, metric: { name: 'euclidean', polarity: 'distance' } };
const image: SampleInfo = {
  kind: 'image',
  width: 640,
  height: 480,
  facesFound: 2,
  face: { box: { x: 10, y: -2.5, width: 100, height: 120 }, confidence: 0.5 },
  landmarks: [1, 2, 3, 4, 5].map((x) => ({ x, y: 2 * x })),
};
const voice: SampleInfo = {
  kind: 'voice',
  durationMs: 3000.5,
  speechMs: 2900,
  sampleRateHz: 44100,
  channels: 2,
  slices: 3,
};
const text: SampleInfo = { kind: 'text', tokens: 12, truncated: true };
const verification: Verification = {
  score: 0.1 + 0.2,
  threshold: { value: 0.6, source: 'config' },
  decision: 'match',
  timings: { queueMs: 1, decodeMs: 2, prepareMs: 3, inferenceMs: 4, scoreMs: 0.005 },
  left: [image, undefined, { kind: 'image', width: 112, height: 112 }],
  right: [voice, text],
};
const broken = failure(
  new AffinisError('invalid-argument', '[modality-image] no face', {
    field: 'left.samples[0].media',
    reason: 'NO_FACE',
  }),
);

test('a verification survives the wire, infos in their places', () => {
  const message = VerifyResult.decode(
    VerifyResult.encode(verifyResultToProto(place, success(verification), pipeline)).finish(),
  );
  expect(message.id).toBe('a');
  expect(verifyResultFromProto(message)).toEqual(success({ ...verification, pipeline }));
});

test.each<[string, Partial<Verification>]>([
  [
    'a false match rate',
    { decision: 'no_match', threshold: { value: -1.5, source: 'calibration' }, policy: { kind: 'fmr', fmr: 1e-3 } },
  ],
  ['costs', { policy: { kind: 'cost', miss: 1, falseMatch: 100, prior: 0.01 } }],
  [
    'the model card',
    { threshold: { value: 0.9, source: 'model-card' }, policy: { kind: 'threshold', source: 'model-card' } },
  ],
  [
    'nothing, since it is insufficient',
    { decision: 'insufficient', reason: 'left sample too uncertain: capture again' },
  ],
  [
    'a calibrated score',
    { calibrated: { llr: -2.5, probability: 0.07, prior: 0.5, fmr: 0.01, fmrUpper: 0.02, calibration: 'abc' } },
  ],
])('what was decided by %s survives the wire', (_, changes) => {
  const changed = { ...verification, ...changes };
  const message = VerifyResult.decode(
    VerifyResult.encode(verifyResultToProto(place, success(changed), pipeline)).finish(),
  );
  expect(verifyResultFromProto(message)).toEqual(success({ ...changed, pipeline }));
});

test('a verification without a threshold has none on the other side', () => {
  const { threshold: _, ...rest } = verification;
  const undecided = { ...rest, decision: 'undecided' as const, score: 0 };
  const message = VerifyResult.decode(
    VerifyResult.encode(verifyResultToProto(place, success(undecided), pipeline)).finish(),
  );
  expect(verifyResultFromProto(message)).toEqual(success({ ...undecided, pipeline }));
});

test('a failed item says where in the request, and holds nothing else', () => {
  const message = verifyResultToProto(place, broken, pipeline);
  expect(message).toMatchObject({ id: 'a', comparison: undefined, timings: undefined });
  expect(verifyResultFromProto(VerifyResult.decode(VerifyResult.encode(message).finish()))).toMatchObject({
    ok: false,
    error: { code: 'invalid-argument', reason: 'NO_FACE', field: 'items[3].left.samples[0].media' },
  });
});

test('pipelines of one item succeed and fail each for itself', () => {
  const results = success([
    { pipeline, result: success(verification) },
    { pipeline: { ...pipeline, pipeline: 'face-mls' }, result: broken },
  ]);
  const message = CompareResult.decode(CompareResult.encode(compareResultToProto(place, results)).finish());
  expect(compareResultFromProto(message)).toMatchObject(
    success([
      { pipeline: 'face', result: { ok: true, value: { score: verification.score } } },
      { pipeline: 'face-mls', result: { ok: false, error: { reason: 'NO_FACE' } } },
    ]),
  );
  expect(compareResultFromProto(compareResultToProto(place, broken))).toMatchObject({
    ok: false,
    error: { reason: 'NO_FACE' },
  });
});

test('an embedding comes with its model, info and timings', () => {
  const sample: EmbeddedSample = {
    embedding: {
      mean: Float32Array.of(0.6, 0.8),
      unitNorm: true,
      space: 's',
      variance: { kind: 'scalar', values: Float32Array.of(0.25) },
      varianceId: 'v',
    },
    info: text,
    queueMs: 7,
    timings: { decodeMs: 1, prepareMs: 2, inferenceMs: 3 },
  };
  const message = EmbedResult.decode(EmbedResult.encode(embedResultToProto(place, success(sample), model)).finish());
  expect(embedResultFromProto(message)).toEqual(
    success({ embedding: sample.embedding, info: text, model, timings: { ...sample.timings, queueMs: 7, scoreMs: 0 } }),
  );
});

test('a score of 0 is a score, and an answer without one is an error', () => {
  const roundTrip = (message: ScoreResult) =>
    scoreResultFromProto(ScoreResult.decode(ScoreResult.encode(message).finish()));
  expect(roundTrip(scoreResultToProto(place, success(0)))).toEqual(success(0));
  expect(roundTrip(scoreResultToProto(place, success(-1e-300)))).toEqual(success(-1e-300));
  expect(roundTrip(scoreResultToProto(place, broken))).toMatchObject({ ok: false, error: { reason: 'NO_FACE' } });
  expect(roundTrip(ScoreResult.create({ id: 'a' }))).toMatchObject({ ok: false, error: { code: 'internal' } });
});

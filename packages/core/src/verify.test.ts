import { createJudge, type PolicySetting } from './calibration/policy.ts';
import { createEmbedderHost } from './embedder-host.ts';
import type { Embedding } from './embedding.ts';
import { AffinisError } from './errors.ts';
import type { SinglePipeline } from './pipeline.ts';
import type { Result } from './result.ts';
import type { SampleOrEmbedding } from './sample.ts';
import { inlineMetric } from './testing/toy-galleries.ts';
import { createToyHost, createToyMetric, embeddingOf, textOf } from './testing/toys.ts';
import type { Comparison, Verification } from './verification.ts';
import { compare, verify } from './verify.ts';

const pipelineOf = (
  changes: Partial<SinglePipeline> & { setting?: PolicySetting; cardThreshold?: number } = {},
): SinglePipeline => {
  const { setting, cardThreshold, metric = createToyMetric(), ...rest } = changes;
  return {
    kind: 'single',
    name: 'toy',
    state: { available: true },
    embedder: createToyHost(),
    metricName: 'toy',
    metric,
    scoring: inlineMetric(metric),
    readsQuality: false,
    fusion: 'mean',
    judge: createJudge({ metric, setting, cardThreshold, prior: 0.5 }),
    ...rest,
  };
};
const given = (embedding: Embedding): SampleOrEmbedding => ({ kind: 'embedding', embedding });
const unit = (x: number, y: number, extra: Partial<Embedding> = {}) =>
  given(embeddingOf([x, y], { unitNorm: true, ...extra }));
const angles = (left: string[], right: string[]): Comparison => ({ left: left.map(textOf), right: right.map(textOf) });
const one = async (pipeline: SinglePipeline, item: Comparison) => (await verify(pipeline, [item]))[0];
const value = (result: Result<Verification> | undefined) => {
  if (!result?.ok) throw result?.error ?? new Error('no result');
  return result.value;
};

describe('verify', () => {
  it('embeds both sides and scores them', async () => {
    const verification = value(await one(pipelineOf(), angles(['0'], ['60'])));
    expect(verification.score).toBeCloseTo(0.5);
    expect(verification).toMatchObject({ decision: 'undecided', left: [{ tokens: 1 }], right: [{ tokens: 2 }] });
    expect(verification).not.toHaveProperty('threshold');
  });

  it('adds up the phases of all samples', async () => {
    const { timings } = value(await one(pipelineOf(), angles(['0', '1'], ['60'])));
    expect(timings).toMatchObject({ decodeMs: 3, prepareMs: 6, inferenceMs: 9 });
    expect(timings.queueMs).toBeGreaterThanOrEqual(0);
  });

  it('fuses the samples of a side', async () => {
    expect(value(await one(pipelineOf(), angles(['10', '50'], ['30']))).score).toBeCloseTo(1);
  });

  it('takes embeddings, alone or beside samples, and keeps the order of the sides’ infos', async () => {
    const item = { left: [unit(1, 0), textOf('0'), unit(1, 0)], right: [unit(0.6, 0.8)] };
    const verification = value(await one(pipelineOf(), item));
    expect(verification.score).toBeCloseTo(0.6);
    expect(verification.left).toEqual([undefined, expect.objectContaining({ kind: 'text' }), undefined]);
    expect(value(await one(pipelineOf(), { left: [unit(1, 0)], right: [unit(1, 0)] })).timings.queueMs).toBe(0);
  });

  it.each([
    ['similarity', 0.49, 'match'],
    ['similarity', 0.51, 'no_match'],
    ['distance', 0.49, 'no_match'],
    ['distance', 0.51, 'match'],
  ] as const)('decides a %s of 0.5 at threshold %p: %s', async (polarity, threshold, decision) => {
    const pipeline = pipelineOf({
      metric: createToyMetric({ polarity }),
      setting: { threshold },
    });
    expect(value(await one(pipeline, angles(['0'], ['60'])))).toMatchObject({
      decision,
      threshold: { value: threshold, source: 'config' },
    });
  });

  it('counts a score at the threshold as a match', async () => {
    for (const polarity of ['similarity', 'distance'] as const) {
      const pipeline = pipelineOf({
        metric: createToyMetric({ polarity }),
        cardThreshold: 1,
      });
      expect(value(await one(pipeline, angles(['0'], ['0']))).decision).toBe('match');
    }
  });

  it('lets a bad item fail alone', async () => {
    const results = await verify(pipelineOf(), [angles(['0'], ['0']), angles(['x'], ['0']), angles(['0'], ['9'])]);
    expect(results.map((result) => result.ok)).toEqual([true, false, true]);
  });

  it.each<[string, Comparison, object]>([
    ['a sample on the left', angles(['x'], ['0']), { field: 'left.samples[0].text', reason: 'NO_ANGLE' }],
    ['a later sample on the right', angles(['0'], ['0', '1', 'x']), { field: 'right.samples[2].text' }],
    [
      'a sample behind an embedding',
      { left: [unit(1, 0), textOf('x')], right: [unit(1, 0)] },
      { field: 'left.samples[1].text' },
    ],
    ['both sides', angles(['x'], ['x']), { field: 'left.samples[0].text' }],
    ['an empty left side', angles([], ['0']), { field: 'left.samples', reason: 'EMPTY' }],
    ['an empty right side', angles(['0'], []), { field: 'right.samples', reason: 'EMPTY' }],
    ['samples that cancel out', angles(['0', '180'], ['0']), { field: 'left.samples', reason: 'NO_DIRECTION' }],
    [
      'NaN',
      { left: [unit(Number.NaN, 0)], right: [unit(1, 0)] },
      { code: 'invalid-argument', field: 'left.samples[0].embedding.mean' },
    ],
    ['a zero vector', { left: [unit(1, 0)], right: [unit(0, 0)] }, { field: 'right.samples[0].embedding.mean' }],
    [
      'another space',
      { left: [unit(1, 0, { space: 'x' })], right: [textOf('0')] },
      { code: 'failed-precondition', reason: 'TWO_SPACES', field: 'left.samples[0].embedding.space' },
    ],
    [
      'another space on both sides',
      { left: [unit(1, 0, { space: 'x' })], right: [unit(1, 0, { space: 'x' })] },
      { reason: 'TWO_SPACES' },
    ],
    [
      'a wrong dimension on both sides',
      { left: [given(embeddingOf([1]))], right: [given(embeddingOf([1]))] },
      { code: 'invalid-argument', field: 'left.samples[0].embedding.mean' },
    ],
    [
      'a wrong norm',
      { left: [unit(1, 1)], right: [unit(1, 0)] },
      { code: 'invalid-argument', field: 'left.samples[0].embedding.mean' },
    ],
    [
      'a wrong norm without the flag',
      { left: [given(embeddingOf([3, 4]))], right: [unit(1, 0)] },
      { field: 'left.samples[0].embedding.mean' },
    ],
  ])('names the field of %s', async (_, item, error) => {
    expect(await one(pipelineOf(), item)).toMatchObject({ ok: false, error });
  });

  it('takes the norm from the space where a client left the flag out', async () => {
    const sides = {
      left: [given(embeddingOf([1, 0])), given(embeddingOf([0, 1]))],
      right: [given(embeddingOf([1, 0]))],
    };
    expect(value(await one(pipelineOf(), sides)).score).toBeCloseTo(Math.SQRT1_2);
  });

  it('refuses an embedding before it queues the samples beside it', async () => {
    const embedder = createToyHost();
    await one(pipelineOf({ embedder }), { left: [textOf('0'), unit(1, 0, { space: 'x' })], right: [unit(1, 0)] });
    expect(embedder.seen).toEqual([]);
  });

  it('refuses a metric that needs a variance where there is none', async () => {
    const pipeline = pipelineOf({ metric: createToyMetric({ needsVariance: true }) });
    expect(await one(pipeline, angles(['0'], ['0']))).toMatchObject({
      error: { code: 'failed-precondition', reason: 'NO_VARIANCE', field: 'left.variance' },
    });
  });

  it('is refused where the embedder is not available, for embeddings as well', async () => {
    const error = new AffinisError('not-found', '[core] no model');
    const state = { available: false, reason: error.message, error } as const;
    const embedder = createEmbedderHost({
      name: 'e',
      state,
      modality: undefined,
      scheduler: { queued: 0, submit: () => Promise.reject(error) },
    });
    for (const item of [angles(['0'], ['0']), { left: [unit(1, 0)], right: [unit(1, 0)] }])
      expect(await one(pipelineOf({ embedder }), item)).toMatchObject({ error: { reason: 'EMBEDDER_UNAVAILABLE' } });
  });

  it('ends with the signal', async () => {
    const reason = new AffinisError('deadline-exceeded', '[server] deadline');
    const [result] = await verify(pipelineOf(), [angles(['0'], ['0'])], AbortSignal.abort(reason));
    expect(result).toMatchObject({ error: { code: 'deadline-exceeded' } });
  });
});

describe('compare', () => {
  it('embeds once a distinct embedder, and scores with every pipeline', async () => {
    const [shared, other] = [createToyHost(), createToyHost()];
    const negative = createToyMetric({ scoreBlock: (_, __, scores) => void scores.fill(-1) });
    const pipelines = [
      pipelineOf({ embedder: shared }),
      pipelineOf({ embedder: shared, metric: negative }),
      pipelineOf({ embedder: other }),
    ];
    const results = await compare(pipelines, [angles(['0'], ['60']), angles(['0'], ['90'])]);
    expect(results.map((row) => row.map((result) => Math.round(value(result).score * 10) / 10))).toEqual([
      [0.5, -1, 0.5],
      [0, -1, 0],
    ]);
    expect(shared.seen.toSorted()).toEqual(['0', '0', '60', '90']);
    expect(other.seen.toSorted()).toEqual(['0', '0', '60', '90']);
  });

  it('gives an embedder’s error to all of its pipelines, and to them only', async () => {
    const shared = createToyHost();
    const strange = createToyHost({ space: 'other' });
    const item = { left: [unit(1, 0)], right: [textOf('0')] };
    const [row] = await compare(
      [pipelineOf({ embedder: shared }), pipelineOf({ embedder: strange }), pipelineOf({ embedder: strange })],
      [item],
    );
    expect(row?.map((result) => result.ok)).toEqual([true, false, false]);
    expect(row?.[2]).toMatchObject({ error: { field: 'left.samples[0].embedding.space' } });
  });

  it('fuses a side for each pipeline in its own way, of samples embedded once', async () => {
    const embedder = createToyHost({ uncertainty: 'scalar', varianceId: 'head' });
    const sure = (variance: number, x: number, y: number) =>
      unit(x, y, { variance: { kind: 'scalar', values: Float32Array.of(variance) }, varianceId: 'head' });
    const item = { left: [sure(1, 1, 0), sure(1e-6, 0, 1)], right: [textOf('90')] };
    const [row] = await compare(
      [
        pipelineOf({ embedder }),
        pipelineOf({ embedder, fusion: 'inverse-variance' }),
        pipelineOf({ embedder, fusion: 'gaussian-product' }),
      ],
      [item],
    );
    expect(row?.map((result) => value(result).score)).toEqual(
      [Math.SQRT1_2, 1, 1].map((score) => expect.closeTo(score, 5)),
    );
    expect(embedder.seen).toEqual(['90']);
  });

  it('says which sample of which side has no variance to fuse by, and lets other pipelines answer', async () => {
    const embedder = createToyHost();
    const [row] = await compare(
      [pipelineOf({ embedder, fusion: 'inverse-variance' }), pipelineOf({ embedder })],
      [angles(['0'], ['0', '10'])],
    );
    expect(row).toMatchObject([
      { ok: false, error: { code: 'failed-precondition', reason: 'NO_VARIANCE', field: 'right.samples[0].variance' } },
      { ok: true },
    ]);
  });

  it('lets one pipeline’s metric fail alone', async () => {
    const embedder = createToyHost();
    const needy = createToyMetric({ needsVariance: true });
    const [row] = await compare(
      [pipelineOf({ embedder, metric: needy }), pipelineOf({ embedder })],
      [angles(['0'], ['0'])],
    );
    expect(row?.map((result) => result.ok)).toEqual([false, true]);
  });

  it('gives an empty row where no pipeline is named', async () => {
    expect(await compare([], [angles(['0'], ['0'])])).toEqual([[]]);
  });
});

import { createJudge } from './calibration/policy.ts';
import { createCompositeJudge } from './composite.ts';
import type { Embedding } from './embedding.ts';
import type { CompositePipeline, SinglePipeline } from './pipeline.ts';
import type { SampleOrEmbedding } from './sample.ts';
import { calibrationOf } from './testing/calibrations.ts';
import { inlineMetric } from './testing/toy-galleries.ts';
import { createToyHost, createToyMetric, embeddingOf } from './testing/toys.ts';
import type { Comparison, Verification } from './verification.ts';
import { verify } from './verify.ts';

/** A part whose calibrated ratio is 10 times the cosine of two directions in a space of its own. */
const partOf = (space: string, changes: Partial<SinglePipeline> = {}) => {
  const metric = createToyMetric();
  const values = calibrationOf({ space, logistic: { offset: 0, slope: 10 } });
  const pipeline: SinglePipeline = {
    kind: 'single',
    name: space,
    state: { available: true },
    embedder: createToyHost({ space, uncertainty: 'scalar', varianceId: 'v' }),
    metricName: 'toy',
    metric,
    scoring: inlineMetric(metric),
    readsQuality: false,
    fusion: 'mean',
    judge: createJudge({ metric, prior: 0.5, calibration: { digest: 'd', values } }),
    ...changes,
  };
  const accepts = (sample: SampleOrEmbedding) => sample.kind === 'embedding' && sample.embedding.space === space;
  return { modality: space, pipeline, accepts };
};
const compositeOf = (...parts: CompositePipeline['parts']): CompositePipeline => ({
  kind: 'composite',
  name: 'both',
  state: { available: true },
  parts,
  judge: createCompositeJudge({ fmr: 1e-3 }, 0.5),
});
const given = (space: string, degrees: number, extra: Partial<Embedding> = {}): SampleOrEmbedding => {
  const radians = (degrees * Math.PI) / 180;
  const embedding = embeddingOf([Math.cos(radians), Math.sin(radians)], { space, unitNorm: true, ...extra });
  return { kind: 'embedding', embedding };
};
const ask = async (pipeline: CompositePipeline, item: Comparison): Promise<Verification> => {
  const [result] = await verify(pipeline, [item]);
  if (!result?.ok) throw result?.error;
  return result.value;
};
const uncertain = { variance: { kind: 'scalar', values: Float32Array.of(0.5) }, varianceId: 'v' } as const;

describe('a composite pipeline', () => {
  const both = compositeOf(partOf('face'), partOf('voice'));

  it('adds up the log-likelihood ratios of its parts, whatever the order of the samples', async () => {
    const item = { left: [given('voice', 0), given('face', 0)], right: [given('face', 0), given('voice', 60)] };
    const answer = await ask(both, item);
    expect(answer.score).toBeCloseTo(10 + 5);
    expect(answer).toMatchObject({
      decision: 'match',
      policy: { kind: 'fmr', fmr: 1e-3 },
      calibrated: { llr: answer.score },
    });
  });

  it('lets one modality outweigh the other', async () => {
    const item = { left: [given('voice', 0), given('face', 0)], right: [given('face', 0), given('voice', 180)] };
    expect(await ask(both, item)).toMatchObject({ score: expect.closeTo(0), decision: 'no_match' });
  });

  it('counts a missing modality as no evidence', async () => {
    const alone = { left: [given('face', 0), given('voice', 0)], right: [given('face', 0)] };
    expect((await ask(both, alone)).score).toBeCloseTo(10);
  });

  it('bounds the false match rate by e^-llr', async () => {
    const item = { left: [given('face', 0)], right: [given('face', 60)] };
    expect((await ask(both, item)).calibrated).toMatchObject({
      fmr: expect.closeTo(Math.exp(-5), 6),
      probability: expect.closeTo(1 / (1 + Math.exp(-5))),
    });
  });

  it('decides by cost too', () => {
    const judge = createCompositeJudge({ cost: { miss: 1, falseMatch: 9, prior: 0.5 } }, 0.5);
    expect(judge(Math.log(9) + 1e-9).decision).toBe('match');
    expect(judge(Math.log(9) - 1e-9).decision).toBe('no_match');
  });

  it('leaves out a part that is too uncertain, and refuses where none is left', async () => {
    const careful = compositeOf(partOf('face', { maxVariance: 0.1 }), partOf('voice', { maxVariance: 0.1 }));
    const certain = { ...uncertain, variance: { ...uncertain.variance, values: Float32Array.of(0.01) } };
    const mixed = {
      left: [given('face', 0, uncertain), given('voice', 0, certain)],
      right: [given('face', 0, certain), given('voice', 60, certain)],
    };
    expect(await ask(careful, mixed)).toMatchObject({ score: expect.closeTo(5), decision: 'no_match' });
    const poor = { left: [given('face', 0, uncertain)], right: [given('face', 0, certain)] };
    expect(await ask(careful, poor)).toMatchObject({
      decision: 'insufficient',
      reason: 'left sample too uncertain: capture again',
    });
  });

  it('refuses sides that share no modality, naming those it knows', async () => {
    await expect(ask(both, { left: [given('face', 0)], right: [given('voice', 0)] })).rejects.toMatchObject({
      code: 'invalid-argument',
      reason: 'NO_COMMON_MODALITY',
      message: expect.stringContaining('send face or voice on both'),
    });
  });

  it('fails as its part fails, and when it is unavailable', async () => {
    await expect(ask(both, { left: [given('face', 0)], right: [given('face', Number.NaN)] })).rejects.toMatchObject({
      code: 'invalid-argument',
    });
    const away = { ...both, state: { available: false, reason: 'no model' } } as const;
    await expect(ask(away, { left: [given('face', 0)], right: [given('face', 0)] })).rejects.toMatchObject({
      reason: 'PIPELINE_UNAVAILABLE',
    });
  });
});

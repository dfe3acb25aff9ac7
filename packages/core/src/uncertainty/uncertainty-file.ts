import { z } from 'zod';
import { AffinisError } from '../errors.ts';
import { fieldPath, problemsOf } from '../schema-problems.ts';
import { decodeFloats, decodeHalves, encodeFloats, encodeHalves } from './base64-numbers.ts';

/**
 * What `affinis fit` learns of a model: a head that reads the model's features, the calibration of its variance, and
 * the population that MLS-LLR compares with. Stored as JSON beside the model, weights as base64 of little-endian float16.
 */
export interface Uncertainty {
  readonly head: HeadWeights;
  readonly calibration: VarianceCalibration;
  readonly population: Population;
}

/** `log v = bias + gain * (W2 gelu(W1 clamp((x - mean) / deviation, ±5) + b1) + b2)`; row-major weights. */
export interface HeadWeights {
  /** `features`: the model's second output; `embedding`: its mean. */
  readonly input: 'features' | 'embedding';
  readonly kind: 'scalar' | 'diagonal';
  /** float32[F] */
  readonly mean: Float32Array;
  /** float32[F], > 0 */
  readonly deviation: Float32Array;
  /** float32[H, F], float32[H] */
  readonly hidden: Dense;
  /** float32[K, H], float32[K]; K is 1 or the embedding's dimension */
  readonly output: Dense;
}

export interface Dense {
  readonly weights: Float32Array;
  readonly bias: Float32Array;
}

/** `v = a · head^g · geometricMean^(1-g) + c · within`, per dimension. */
export interface VarianceCalibration {
  readonly a: number;
  readonly g: number;
  readonly c: number;
  /** Geometric mean of the head's raw variances on development data. */
  readonly geometricMean: number;
  /** float32[D]: variance of clean embeddings of one subject, > 0. */
  readonly within: Float32Array;
}

/** The prior `N(mean, diag(between))` over subjects. */
export interface Population {
  /** float32[D] */
  readonly mean: Float32Array;
  /** float32[D], > 0 */
  readonly between: Float32Array;
}

const format = 'affinis.uncertainty/1';
const dense = z.strictObject({ weights: z.base64(), bias: z.base64() });
const fileSchema = z.strictObject({
  format: z.literal(format),
  head: z.strictObject({
    input: z.enum(['features', 'embedding']),
    kind: z.enum(['scalar', 'diagonal']),
    mean: z.base64(),
    deviation: z.base64(),
    hidden: dense,
    output: dense,
  }),
  calibration: z.strictObject({
    a: z.number().nonnegative(),
    g: z.number().positive(),
    c: z.number().nonnegative(),
    geometricMean: z.number().positive(),
    within: z.base64(),
  }),
  population: z.strictObject({ mean: z.base64(), between: z.base64() }),
});

/** Throws `failed-precondition`, naming the field, where the file is damaged or does not fit an embedding of `dimension`. */
export function parseUncertainty(bytes: Uint8Array, dimension: number): Uncertainty {
  const parsed = fileSchema.safeParse(readJson(bytes));
  if (!parsed.success) {
    const [problem] = problemsOf(parsed.error, fileSchema);
    throw unusable(`: ${fieldPath(problem?.path ?? [])}: ${problem?.message ?? 'is damaged'}; restore it or fit again`);
  }
  const { head, calibration, population } = parsed.data;
  const uncertainty: Uncertainty = {
    head: {
      ...head,
      mean: decodeFloats(head.mean),
      deviation: decodeFloats(head.deviation),
      hidden: { weights: decodeHalves(head.hidden.weights), bias: decodeHalves(head.hidden.bias) },
      output: { weights: decodeHalves(head.output.weights), bias: decodeFloats(head.output.bias) },
    },
    calibration: { ...calibration, within: decodeFloats(calibration.within) },
    population: { mean: decodeFloats(population.mean), between: decodeFloats(population.between) },
  };
  checkUncertainty(uncertainty, dimension);
  return uncertainty;
}

export function serialiseUncertainty({ head, calibration, population }: Uncertainty): string {
  return `${JSON.stringify({
    format,
    head: {
      ...head,
      mean: encodeFloats(head.mean),
      deviation: encodeFloats(head.deviation),
      hidden: { weights: encodeHalves(head.hidden.weights), bias: encodeHalves(head.hidden.bias) },
      output: { weights: encodeHalves(head.output.weights), bias: encodeFloats(head.output.bias) },
    },
    calibration: { ...calibration, within: encodeFloats(calibration.within) },
    population: { mean: encodeFloats(population.mean), between: encodeFloats(population.between) },
  })}\n`;
}

function checkUncertainty({ head, calibration, population }: Uncertainty, dimension: number): void {
  const inputs = head.input === 'embedding' ? dimension : head.mean.length;
  const hidden = head.hidden.bias.length;
  const outputs = head.kind === 'scalar' ? 1 : dimension;
  checkNumbers('head.mean', head.mean, inputs);
  checkNumbers('head.deviation', head.deviation, inputs, 'positive');
  checkNumbers('head.hidden.bias', head.hidden.bias, hidden);
  checkNumbers('head.hidden.weights', head.hidden.weights, hidden * inputs);
  checkNumbers('head.output.weights', head.output.weights, outputs * hidden);
  checkNumbers('head.output.bias', head.output.bias, outputs);
  checkNumbers('calibration.within', calibration.within, dimension, 'positive');
  checkNumbers('population.mean', population.mean, dimension);
  checkNumbers('population.between', population.between, dimension, 'positive');
}

function checkNumbers(field: string, values: Float32Array, length: number, sign?: 'positive'): void {
  if (values.length !== length || length === 0)
    throw unusable(
      `: ${field} holds ${values.length} numbers where ${Math.max(1, length)} fit this model; fit it to this model`,
    );
  const wrong = values.findIndex((value) => !Number.isFinite(value) || (sign === 'positive' && value <= 0));
  if (wrong === -1) return;
  const wanted = sign === 'positive' ? 'above zero and finite' : 'finite';
  throw unusable(`: ${field}[${wrong}] is ${values[wrong]}, which is not ${wanted}; fit it again`);
}

function readJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'));
  } catch {
    throw unusable(' is no JSON; restore it or fit again');
  }
}

const unusable = (problem: string) =>
  new AffinisError('failed-precondition', `[core] the model's uncertainty file${problem}`, {
    field: 'uncertainty',
    reason: 'MODEL_UNUSABLE',
  });

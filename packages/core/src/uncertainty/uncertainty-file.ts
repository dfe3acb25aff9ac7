import { z } from 'zod';
import { AffinisError } from '../errors.ts';
import { halfToNumber, numberToHalf } from './half.ts';

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

/** Throws `failed-precondition` where the file is damaged or does not fit an embedding of `dimension` numbers. */
export function parseUncertainty(bytes: Uint8Array, dimension: number): Uncertainty {
  const parsed = fileSchema.safeParse(readJson(bytes));
  if (!parsed.success) throw unusable(parsed.error.issues[0]?.message ?? 'is damaged');
  const { head, calibration, population } = parsed.data;
  const uncertainty: Uncertainty = {
    head: {
      ...head,
      mean: floats(head.mean),
      deviation: floats(head.deviation),
      hidden: { weights: halves(head.hidden.weights), bias: halves(head.hidden.bias) },
      output: { weights: halves(head.output.weights), bias: floats(head.output.bias) },
    },
    calibration: { ...calibration, within: floats(calibration.within) },
    population: { mean: floats(population.mean), between: floats(population.between) },
  };
  checkShapes(uncertainty, dimension);
  return uncertainty;
}

export function serialiseUncertainty({ head, calibration, population }: Uncertainty): string {
  return `${JSON.stringify({
    format,
    head: {
      ...head,
      mean: base64(head.mean),
      deviation: base64(head.deviation),
      hidden: { weights: halfBase64(head.hidden.weights), bias: halfBase64(head.hidden.bias) },
      output: { weights: halfBase64(head.output.weights), bias: base64(head.output.bias) },
    },
    calibration: { ...calibration, within: base64(calibration.within) },
    population: { mean: base64(population.mean), between: base64(population.between) },
  })}\n`;
}

function checkShapes({ head, calibration, population }: Uncertainty, dimension: number): void {
  const inputs = head.mean.length;
  const hidden = head.hidden.bias.length;
  const outputs = head.kind === 'scalar' ? 1 : dimension;
  const fits =
    inputs > 0 &&
    hidden > 0 &&
    head.deviation.length === inputs &&
    head.hidden.weights.length === hidden * inputs &&
    head.output.weights.length === outputs * hidden &&
    head.output.bias.length === outputs &&
    (head.input === 'features' || inputs === dimension) &&
    [calibration.within, population.mean, population.between].every((values) => values.length === dimension);
  if (!fits) throw unusable(`does not fit a model of ${dimension} dimensions; fit it to this model`);
  const positive = [head.deviation, calibration.within, population.between];
  const finite = [
    head.mean,
    head.hidden.weights,
    head.hidden.bias,
    head.output.weights,
    head.output.bias,
    population.mean,
  ];
  if (!positive.every((values) => values.every((value) => value > 0 && Number.isFinite(value))))
    throw unusable('holds a deviation or variance that is not above zero; fit it again');
  if (!finite.every((values) => values.every(Number.isFinite)))
    throw unusable('holds numbers that are not finite; fit it again');
}

function readJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'));
  } catch {
    throw unusable('is no JSON; restore it or fit again');
  }
}

function floats(text: string): Float32Array {
  const bytes = Buffer.from(text, 'base64');
  return Float32Array.from({ length: Math.floor(bytes.length / 4) }, (_, index) => bytes.readFloatLE(index * 4));
}

function halves(text: string): Float32Array {
  const bytes = Buffer.from(text, 'base64');
  return Float32Array.from({ length: Math.floor(bytes.length / 2) }, (_, index) =>
    halfToNumber(bytes.readUInt16LE(index * 2)),
  );
}

function base64(values: Float32Array): string {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [index, value] of values.entries()) bytes.writeFloatLE(value, index * 4);
  return bytes.toString('base64');
}

function halfBase64(values: Float32Array): string {
  const bytes = Buffer.alloc(values.length * 2);
  for (const [index, value] of values.entries()) bytes.writeUInt16LE(numberToHalf(value), index * 2);
  return bytes.toString('base64');
}

const unusable = (problem: string) =>
  new AffinisError('failed-precondition', `[core] the model's uncertainty file ${problem}`, {
    field: 'uncertainty',
    reason: 'MODEL_UNUSABLE',
  });

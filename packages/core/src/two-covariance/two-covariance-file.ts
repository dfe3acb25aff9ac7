import { z } from 'zod';
import { AffinisError } from '../errors.ts';
import { fieldPath, problemsOf } from '../schema-problems.ts';
import { decodeDoubles, encodeDoubles } from '../uncertainty/base64-numbers.ts';

/**
 * The two-covariance model of PLDA (Brümmer and de Villiers, The speaker partitioning problem, Odyssey 2010): a subject
 * is a point `y ~ N(mean, between)`, an embedding of it `x ~ N(y, within)`.
 */
export interface TwoCovariance {
  /** D */
  readonly dimension: number;
  readonly covariance: 'diagonal' | 'full';
  /** float64[D] */
  readonly mean: Float64Array;
  /** float64[D] or, `full`, float64[D, D], symmetric: variance between subjects, positive semi-definite. */
  readonly between: Float64Array;
  /** The same of one subject's embeddings, positive definite. */
  readonly within: Float64Array;
  /** Of the embeddings that it was learned from, where the file says so. */
  readonly space?: string;
}

/** What the model was learned from; for people, and for whoever asks whether a file belongs to an embedder. */
export interface TwoCovarianceOrigin {
  readonly space: string;
  readonly description: string;
  readonly subjects: number;
  readonly samples: number;
  /** Of the labels that named them. */
  readonly sha256: string;
  /** YYYY-MM-DD */
  readonly date: string;
}

const format = 'affinis.plda/1';
const fileSchema = z.strictObject({
  format: z.literal(format),
  covariance: z.enum(['diagonal', 'full']),
  dimension: z.int().positive(),
  mean: z.base64(),
  between: z.base64(),
  within: z.base64(),
  origin: z
    .strictObject({
      space: z.string(),
      description: z.string(),
      subjects: z.int(),
      samples: z.int(),
      sha256: z.string(),
      date: z.string(),
    })
    .optional(),
});

/** Throws `invalid-argument`, naming file and field, where it is damaged or its covariances cannot be such. */
export function parseTwoCovariance(bytes: Uint8Array, file: string): TwoCovariance {
  const parsed = fileSchema.safeParse(readJson(bytes, file));
  if (!parsed.success) {
    const [problem] = problemsOf(parsed.error, fileSchema);
    throw unusable(file, `${fieldPath(problem?.path ?? [])}: ${problem?.message ?? 'is damaged'}`);
  }
  const { covariance, dimension, origin } = parsed.data;
  const model = {
    dimension,
    covariance,
    mean: decodeDoubles(parsed.data.mean),
    between: decodeDoubles(parsed.data.between),
    within: decodeDoubles(parsed.data.within),
    ...(origin ? { space: origin.space } : {}),
  };
  checkTwoCovariance(model, file);
  return model;
}

export function serialiseTwoCovariance(model: TwoCovariance, origin?: TwoCovarianceOrigin): string {
  const { covariance, dimension, mean, between, within } = model;
  return `${JSON.stringify({
    format,
    covariance,
    dimension,
    mean: encodeDoubles(mean),
    between: encodeDoubles(between),
    within: encodeDoubles(within),
    ...(origin ? { origin } : {}),
  })}\n`;
}

function checkTwoCovariance({ dimension, covariance, mean, between, within }: TwoCovariance, file: string): void {
  const size = covariance === 'full' ? dimension * dimension : dimension;
  checkNumbers(file, 'mean', mean, dimension);
  for (const [field, values] of Object.entries({ between, within })) {
    checkNumbers(file, field, values, size);
    if (covariance === 'full') checkSymmetric(file, field, values, dimension);
  }
  const step = covariance === 'full' ? dimension + 1 : 1;
  for (let d = 0; d < dimension; d++) {
    if (!((within[d * step] as number) > 0))
      throw unusable(file, `within: the variance of dimension ${d} is not above 0`);
    if (!((between[d * step] as number) >= 0))
      throw unusable(file, `between: the variance of dimension ${d} is below 0`);
  }
}

function checkNumbers(file: string, field: string, values: Float64Array, length: number): void {
  if (values.length !== length) throw unusable(file, `${field} holds ${values.length} numbers where ${length} fit`);
  const wrong = values.findIndex((value) => !Number.isFinite(value));
  if (wrong >= 0) throw unusable(file, `${field}[${wrong}] is ${values[wrong]}, which is not finite`);
}

const asymmetry = 1e-9;

function checkSymmetric(file: string, field: string, values: Float64Array, dimension: number): void {
  const at = (row: number, column: number) => values[row * dimension + column] as number;
  for (let row = 0; row < dimension; row++)
    for (let column = 0; column < row; column++)
      if (Math.abs(at(row, column) - at(column, row)) > asymmetry * Math.sqrt(at(row, row) * at(column, column)))
        throw unusable(file, `${field} is not symmetric at [${row}, ${column}]`);
}

function readJson(bytes: Uint8Array, file: string): unknown {
  try {
    return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'));
  } catch {
    throw unusable(file, 'is no JSON');
  }
}

const unusable = (file: string, problem: string) =>
  new AffinisError(
    'invalid-argument',
    `[core] PLDA file ${file}: ${problem}; restore it, or make it with "affinis fit-metric"`,
    { field: 'file', reason: 'BAD_PARAMETERS' },
  );

import { z } from 'zod';
import { AffinisError } from '../errors.ts';
import { qualityOf, qualitySchema } from './quality.ts';

const finite = z.number();
const probability = z.number().min(0).max(1);

/**
 * What raw scores of one metric in one space mean: a logistic that gives log-likelihood ratios in nats, and the share
 * of impostors that reach each of them. Made by `affinis calibrate`, by scores of subjects it was not fitted to.
 */
export const calibrationSchema = z.strictObject({
  format: z.literal('affinis.calibration/1'),
  /** What the scores belong to; another space, metric or variance has a calibration of its own. */
  space: z.string(),
  metric: z.string(),
  parameters: z.record(z.string(), z.unknown()).default({}),
  /** Present where the metric or the quality terms read a variance. */
  varianceId: z.string().optional(),
  /** `llr = offset + slope · score`, and what the quality terms add. */
  logistic: z.strictObject({
    offset: finite,
    slope: finite,
    quality: qualitySchema.optional(),
  }),
  /** Empirical impostor tail, by ascending llr: the share of impostor pairs at or above it, with its 95 % upper bound. */
  fmr: z.strictObject({
    points: z.array(z.strictObject({ llr: finite, rate: probability, upper: probability })).min(1),
    /** Distinct pairs of subjects among the impostors: what bounds the lowest rate that can be claimed. */
    impostorSubjectPairs: z.int().positive(),
  }),
  data: z.strictObject({
    sha256: z.string(),
    description: z.string(),
    subjects: z.int().nonnegative(),
    genuine: z.int().positive(),
    impostor: z.int().positive(),
    folds: z.int().positive(),
    date: z.string(),
  }),
  measured: z.strictObject({ eer: probability, cllr: z.number().nonnegative(), minCllr: z.number().nonnegative() }),
});

export type Calibration = z.infer<typeof calibrationSchema>;

/** Throws `invalid-argument` naming file and field where the text is no calibration. */
export function parseCalibration(text: string, file: string): Calibration {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw broken(file, 'is no JSON; run affinis calibrate again', file);
  }
  const parsed = calibrationSchema.safeParse(json);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const field = issue?.path.join('.') ?? '';
    throw broken(file, `${field}: ${issue?.message ?? 'invalid'}; run affinis calibrate again`, field);
  }
  checkMonotone(parsed.data, file);
  return parsed.data;
}

/** Log-likelihood ratio in nats. `uncertainty` of a side is the logarithm of its mean variance; needed with quality terms. */
export function llrOf({ logistic }: Calibration, score: number, left?: number, right?: number): number {
  const { offset, slope, quality } = logistic;
  const base = offset + slope * score;
  if (!quality) return base;
  if (left === undefined || right === undefined)
    throw new AffinisError(
      'failed-precondition',
      '[core] this calibration reads the samples’ variances and one has none; embed both with uncertainty',
      { reason: 'NO_VARIANCE' },
    );
  return base + qualityOf(quality, score, left, right);
}

/** Share of impostors at or above a log-likelihood ratio, rounded to the safe side, with its 95 % upper bound. */
export function fmrAt({ fmr }: Calibration, llr: number): { readonly rate: number; readonly upper: number } {
  const index = lastAtOrBelow(fmr.points, llr);
  return fmr.points[index] ?? { rate: 1, upper: 1 };
}

/** Lowest log-likelihood ratio whose false match rate is at most `rate`; undefined where the data cannot tell. */
export function llrAtFmr({ fmr }: Calibration, rate: number): number | undefined {
  if (fmr.impostorSubjectPairs < neededSubjectPairs(rate)) return undefined;
  return fmr.points.find((point) => point.rate <= rate)?.llr;
}

/** Distinct impostor subject pairs without which a false match rate is not claimed (rule of three). */
export const neededSubjectPairs = (rate: number): number => Math.ceil(3 / rate);

function lastAtOrBelow(points: Calibration['fmr']['points'], llr: number): number {
  let low = 0;
  let high = points.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((points[middle]?.llr ?? 0) <= llr) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

function checkMonotone({ fmr: { points }, logistic }: Calibration, file: string): void {
  for (const [index, point] of points.entries()) {
    const before = points[index - 1];
    if (before && !(before.llr < point.llr && before.rate >= point.rate && before.upper >= point.upper))
      throw broken(
        file,
        `fmr.points.${index}: rates must fall as llr rises; run affinis calibrate again`,
        `fmr.points.${index}`,
      );
  }
  if (logistic.slope === 0)
    throw broken(
      file,
      'logistic.slope is 0, so that every score means the same; run affinis calibrate again',
      'logistic.slope',
    );
}

const broken = (file: string, problem: string, field: string) =>
  new AffinisError('invalid-argument', `${file}: ${problem}`, { field, reason: 'BAD_FILE' });

import { z } from 'zod';

type Term = (score: number, worse: number, better: number) => number;

/**
 * What a quality-aware logistic reads beside the score: the uncertainties of the worse and the better side, the
 * logarithms of their mean variances, and products, so that a score counts for less the less the samples say. Without
 * the products it would only shift scores, which does nothing against strangers that blur makes alike.
 */
const terms = {
  worse: (_, worse) => worse,
  better: (_, __, better) => better,
  worseSquared: (_, worse) => worse * worse,
  worseBetter: (_, worse, better) => worse * better,
  betterSquared: (_, __, better) => better * better,
  scoreWorse: (score, worse) => score * worse,
  scoreBetter: (score, _, better) => score * better,
  scoreWorseBetter: (score, worse, better) => score * worse * better,
} satisfies Record<string, Term>;

export type QualityTerm = keyof typeof terms;

export const qualityTerms = Object.keys(terms) as readonly QualityTerm[];

const coefficients = z.strictObject(
  Object.fromEntries(qualityTerms.map((term) => [term, z.number()])) as Record<QualityTerm, z.ZodNumber>,
);

export const qualitySchema = z.strictObject({
  /** Uncertainties are taken to lie between these, so that nothing is concluded from what was never seen. */
  range: z.tuple([z.number(), z.number()]),
  coefficients,
});

export type Quality = z.infer<typeof qualitySchema>;

/** A pair's value of a term, whichever side is left. */
export function qualityTerm(term: QualityTerm, range: Quality['range'], score: number, left: number, right: number) {
  const [lowest, highest] = range;
  const [a, b] = [held(left, lowest, highest), held(right, lowest, highest)];
  return terms[term](score, Math.max(a, b), Math.min(a, b));
}

/** What the terms add to a ratio, nats. */
export function qualityOf({ range, coefficients }: Quality, score: number, left: number, right: number): number {
  let sum = 0;
  for (const term of qualityTerms) sum += coefficients[term] * qualityTerm(term, range, score, left, right);
  return sum;
}

const held = (value: number, lowest: number, highest: number) => Math.min(highest, Math.max(lowest, value));

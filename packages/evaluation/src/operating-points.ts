import { neededImpostors, type Ranking, type Roc, rocOf, tarAtFar } from './roc.ts';
import { countOf } from './trials.ts';

/** True match rate at a false match rate, or why there is none. */
export type OperatingPoint =
  | {
      /** The false match rate that was asked for. */
      readonly wanted: number;
      readonly tar: number;
      /** The false match rate that was reached: at most the wanted one, less where scores tie. */
      readonly far: number;
      readonly threshold: number;
    }
  | { readonly wanted: number; readonly tar: null; readonly reason: string };

/** TAR at each wanted FAR; null with the reason below 3 / FAR impostor pairs (rule of three). */
export function operatingPoints(
  ranking: Ranking,
  wanted: readonly number[] = [1e-1, 1e-2, 1e-3, 1e-4],
): OperatingPoint[] {
  const impostors = countOf(ranking.trials.same, 0);
  const roc = rocOf(ranking);
  return wanted.map((far) => {
    const needed = neededImpostors(far);
    return impostors < needed
      ? {
          wanted: far,
          tar: null,
          reason: `insufficient data: FAR ${far} needs ${needed} impostor pairs and there are ${impostors}`,
        }
      : { wanted: far, ...tarAtFar(roc, far) };
  });
}

/** Costs of the two errors, and how probable a genuine pair is beforehand. */
export interface DetectionCost {
  readonly miss: number;
  readonly falseMatch: number;
  readonly prior: number;
}

/**
 * Least detection cost `miss · prior · FNMR + falseMatch · (1 - prior) · FMR` over all thresholds, divided by that of
 * the better blind answer (NIST speaker recognition evaluations): 0 is perfect, 1 is worthless.
 */
export function minDcfOf({ far, tar }: Roc, { miss, falseMatch, prior }: DetectionCost): number {
  const missWeight = miss * prior;
  const matchWeight = falseMatch * (1 - prior);
  let least = Number.POSITIVE_INFINITY;
  for (let point = 0; point < far.length; point++)
    least = Math.min(least, missWeight * (1 - (tar[point] as number)) + matchWeight * (far[point] as number));
  return least / Math.min(missWeight, matchWeight);
}

export interface DetPoint {
  /** Raw score at and above which pairs match. */
  readonly threshold: number;
  /** False match and false non-match rate there. */
  readonly fmr: number;
  readonly fnmr: number;
}

/**
 * Detection error trade-off (Martin et al. 1997) for a figure: corners of the curve, thinned to about `perDecade` a
 * decade of false match rate. Only thresholds that can be set, so tied pairs come in together.
 */
export function detCurve({ thresholds, far, tar }: Roc, perDecade = 40): DetPoint[] {
  const points: DetPoint[] = [];
  const step = (rate: number) => Math.round(Math.log10(rate) * perDecade);
  for (let point = 1; point < far.length; point++) {
    const fmr = far[point] as number;
    const next = far[point + 1];
    // Where the rate stays, the last threshold is the best; where the step stays, too.
    if (next !== undefined && (next === fmr || (fmr > 0 && step(next) === step(fmr)))) continue;
    points.push({ threshold: thresholds[point] as number, fmr, fnmr: 1 - (tar[point] as number) });
  }
  return points;
}

import { upperBound } from './binomial.ts';
import { invalid } from './trials.ts';

export interface FmrPoint {
  /** Log-likelihood ratio, nats. */
  readonly llr: number;
  /** Share of impostors at or above it. */
  readonly rate: number;
  /** Upper end of its exact 95 % interval. */
  readonly upper: number;
}

const pointsPerDecade = 40;

/**
 * The empirical tail of impostors' log-likelihood ratios by rising ratio, a few hundred points that are densest where
 * rates are low. Rates are never below one in the number of impostors; between points a reader takes the lower ratio's.
 * `independent`: how many of the impostor pairs count as independent for the upper bounds, at most all; pairs of the same
 * two subjects are not, so the number of distinct subject pairs (`impostorSubjectPairs`) is the honest one.
 */
export function fmrTable(impostorRatios: Float64Array, independent = impostorRatios.length): FmrPoint[] {
  const falling = impostorRatios.toSorted().reverse();
  const count = falling.length;
  if (count === 0) throw invalid('a false match rate needs impostor pairs', 'same');
  const bad = falling.findIndex((ratio) => !Number.isFinite(ratio));
  if (bad >= 0)
    throw invalid(
      `impostor ratio ${bad} of the falling ones is not finite; leave the pair out or find out why`,
      'scores',
    );
  if (!(independent > 0 && independent <= count))
    throw invalid(
      `${independent} of ${count} impostor pairs cannot be independent; give 1 to all of them`,
      'independent',
    );
  const points: FmrPoint[] = [];
  for (const rank of ranks(count)) {
    const llr = falling[rank - 1] as number;
    if (points.at(-1)?.llr === llr) continue;
    // All that tie with it are at or above it.
    let reached = rank;
    while (reached < count && falling[reached] === llr) reached++;
    points.push({ llr, rate: reached / count, upper: upperBound((reached / count) * independent, independent) });
  }
  return points.reverse();
}

/** Ranks 1 … count, evenly on a logarithmic scale. */
function ranks(count: number): number[] {
  const steps = Math.ceil(Math.log10(count) * pointsPerDecade) + 1;
  const chosen = Array.from({ length: steps }, (_, step) => Math.round(10 ** (step / pointsPerDecade)));
  return [...new Set([...chosen.filter((rank) => rank <= count), count])];
}

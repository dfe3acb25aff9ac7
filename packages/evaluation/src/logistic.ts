import { log1pExp } from './cllr.ts';
import { solveSymmetric } from './linear-solve.ts';
import { invalid } from './trials.ts';

/** `ratio(features) = offset + Σ slopes_k · features_k`, in nats. */
export interface Logistic {
  readonly offset: number;
  readonly slopes: readonly number[];
  /**
   * A threshold on the features parts the classes, so that no finite slope is the most likely one: targets were
   * softened, and ratios are less extreme than the data would have them.
   */
  readonly separable: boolean;
}

export interface LogisticOptions {
  /** Probability of a genuine pair at which the costs are weighed, 0 to 1 exclusive; default 0.5. */
  readonly prior?: number;
}

const iterations = 40;
/** Of the loss. Towards no finite optimum a step takes off e times less than the one before: never so little in 40. */
const converged = 1e-18;

/**
 * Logistic regression of labels on features, float64[N] each (N trials), weighing both classes by the prior and not by
 * their numbers, so that it gives a log-likelihood ratio: at prior 0.5 the least Cllr that a line can have (Brümmer and
 * du Preez 2006). No regularisation; Newton's method on standardised features. Classes that can be parted have no finite
 * optimum: those get Platt's targets (1999), `(n + 1) / (n + 2)` and `1 / (n + 2)`.
 * Throws `invalid-argument` for one class, a constant feature, or a value that is not finite.
 */
export function fitLogistic(
  features: readonly Float64Array[],
  same: Uint8Array,
  { prior = 0.5 }: LogisticOptions = {},
): Logistic {
  if (!(prior > 0 && prior < 1)) throw invalid(`the prior is ${prior}; it lies between 0 and 1`, 'prior');
  const genuine = same.reduce((sum, label) => sum + label, 0);
  const impostor = same.length - genuine;
  if (genuine === 0 || impostor === 0) throw invalid('a logistic needs genuine and impostor pairs', 'same');
  const scaled = features.map((values, feature) => standardise(values, feature, same.length));
  const problem: Problem = {
    columns: scaled.map(({ values }) => values),
    same,
    weights: [(1 - prior) / impostor, prior / genuine],
    priorLogOdds: Math.log(prior / (1 - prior)),
  };
  const exact = minimise(problem, [0, 1]);
  const solution = exact ?? minimise(problem, [1 / (impostor + 2), (genuine + 1) / (genuine + 2)], true);
  if (!solution) throw invalid('no logistic fits; look for features of extreme size', 'features');
  const slopes = scaled.map(({ deviation }, k) => (solution[k + 1] as number) / deviation);
  const offset = scaled.reduce((sum, { mean }, k) => sum - (slopes[k] as number) * mean, solution[0] as number);
  return { offset, slopes, separable: exact === undefined };
}

export const ratioOf = ({ offset, slopes }: Pick<Logistic, 'offset' | 'slopes'>, features: readonly number[]): number =>
  slopes.reduce((sum, slope, k) => sum + slope * (features[k] ?? 0), offset);

interface Problem {
  readonly columns: readonly Float64Array[];
  readonly same: Uint8Array;
  /** Of an impostor and of a genuine trial. */
  readonly weights: readonly [number, number];
  readonly priorLogOdds: number;
}

/** Newton's method with steps halved until they help. Undefined where it does not converge, or the classes are parted. */
function minimise(problem: Problem, targets: readonly [number, number], mayPart = false): Float64Array | undefined {
  let at = evaluate(problem, targets, new Float64Array(problem.columns.length + 1));
  for (let iteration = 0; iteration < iterations; iteration++) {
    const step = solveSymmetric(at.hessian, at.gradient);
    // Twice what the step should take off the loss: unlike its length, small too where features say the same.
    const decrement = step.reduce((sum, change, k) => sum + change * (at.gradient[k] as number), 0);
    const close = decrement <= converged * at.loss;
    at = descend(problem, targets, at, step);
    if (at.parted && !mayPart) return undefined;
    if (close) return at.solution;
  }
  return undefined;
}

function descend(problem: Problem, targets: readonly [number, number], at: Evaluated, step: Float64Array): Evaluated {
  for (let factor = 1; factor > 1e-6; factor /= 2) {
    const next = evaluate(
      problem,
      targets,
      at.solution.map((value, k) => value - factor * (step[k] as number)),
    );
    if (next.loss <= at.loss * (1 + 1e-12)) return next;
  }
  return at;
}

interface Evaluated {
  readonly solution: Float64Array;
  readonly loss: number;
  readonly gradient: Float64Array;
  /** Lower triangle. */
  readonly hessian: readonly Float64Array[];
  /** The solution orders no impostor above a genuine trial. */
  readonly parted: boolean;
}

function evaluate(
  { columns, same, weights, priorLogOdds }: Problem,
  targets: readonly [number, number],
  solution: Float64Array,
): Evaluated {
  const size = solution.length;
  const gradient = new Float64Array(size);
  const hessian = Array.from({ length: size }, () => new Float64Array(size));
  const lowest = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  const highest = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
  const x = new Float64Array(size).fill(1);
  let loss = 0;
  for (let row = 0; row < same.length; row++) {
    let ratio = solution[0] as number;
    for (let k = 1; k < size; k++) {
      x[k] = (columns[k - 1] as Float64Array)[row] as number;
      ratio += (solution[k] as number) * (x[k] as number);
    }
    const label = same[row] === 1 ? 1 : 0;
    lowest[label] = Math.min(lowest[label] as number, ratio);
    highest[label] = Math.max(highest[label] as number, ratio);
    const logOdds = ratio + priorLogOdds;
    const p = 1 / (1 + Math.exp(-logOdds));
    loss += weights[label] * (log1pExp(logOdds) - targets[label] * logOdds);
    const slope = weights[label] * (p - targets[label]);
    const curvature = weights[label] * p * (1 - p);
    for (let i = 0; i < size; i++) {
      gradient[i] = (gradient[i] as number) + slope * (x[i] as number);
      const line = hessian[i] as Float64Array;
      for (let j = 0; j <= i; j++) line[j] = (line[j] as number) + curvature * (x[i] as number) * (x[j] as number);
    }
  }
  const parted = (lowest[1] as number) >= (highest[0] as number) && (highest[1] as number) > (lowest[0] as number);
  return { solution, loss, gradient, hessian, parted };
}

function standardise(values: Float64Array, feature: number, count: number) {
  if (values.length !== count)
    throw invalid(`feature ${feature} has ${values.length} values for ${count} labels; give one a pair`, 'features');
  const bad = values.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0)
    throw invalid(
      `feature ${feature} is ${values[bad]} in row ${bad}; leave the pair out or find out why`,
      `features[${feature}][${bad}]`,
    );
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / count);
  if (!(deviation > 1e-12 * Math.abs(mean)))
    throw invalid(
      feature === 0 ? 'all scores are equal, so that they say nothing' : `feature ${feature} is constant; leave it out`,
      'scores',
    );
  return { values: values.map((value) => (value - mean) / deviation), mean, deviation };
}

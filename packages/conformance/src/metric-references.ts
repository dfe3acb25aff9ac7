/** One side of a comparison in float64; `variance` has one number or one a dimension. */
export interface ReferencePoint {
  readonly mean: readonly number[];
  readonly variance?: readonly number[];
}

export interface ReferenceScore {
  readonly score: number;
  /** Sum of the magnitudes of all terms: what a relative rounding error refers to where terms of both signs cancel. */
  readonly magnitude: number;
}

/** Naive float64 definitions, straight from the textbook, that fast metrics are checked against. */
export type MetricReference = (left: ReferencePoint, right: ReferencePoint) => ReferenceScore;

/** `Σ a_d b_d / (|a| |b|)`. */
export const cosineReference: MetricReference = (left, right) => {
  const products = left.mean.map((value, d) => value * at(right.mean, d));
  return { score: sum(products) / (norm(left.mean) * norm(right.mean)), magnitude: 1 };
};

/** `√ Σ (a_d - b_d)²`. */
export const euclideanReference: MetricReference = (left, right) => {
  const score = norm(left.mean.map((value, d) => value - at(right.mean, d)));
  return { score, magnitude: score };
};

/** `Σ (a_d - b_d)²`. */
export const squaredEuclideanReference: MetricReference = (left, right) => {
  const score = sum(left.mean.map((value, d) => (value - at(right.mean, d)) ** 2));
  return { score, magnitude: score };
};

/** The reference of the same points scaled to norm 1; what it says of close points is good to 1e-16 absolutely. */
export const normalised =
  (reference: MetricReference): MetricReference =>
  (left, right) => {
    const { score } = reference(unit(left), unit(right));
    return { score, magnitude: Math.max(1, score) };
  };

/** Shi and Jain, ICCV 2019, eq. 3: `-1/2 Σ_d [ (mu1_d - mu2_d)² / (v1_d + v2_d) + ln(v1_d + v2_d) ] - D/2 ln 2π`. */
export const mlsReference: MetricReference = (left, right) => {
  const terms = left.mean.flatMap((value, d) => {
    const s = varianceAt(left, d) + varianceAt(right, d);
    return [(value - at(right.mean, d)) ** 2 / s, Math.log(s)];
  });
  const constant = (left.mean.length / 2) * Math.log(2 * Math.PI);
  return { score: -0.5 * sum(terms) - constant, magnitude: 0.5 * sum(terms.map(Math.abs)) + constant };
};

/**
 * `ln N([a b] | one identity) - ln N(a) - ln N(b)` of two-covariance PLDA with diagonal covariances, from the joint
 * Gaussian's 2 x 2 covariance `[b + v1, b; b, b + v2]` a dimension; its quadratic form is written as a sum of squares.
 */
export const mlsLlrReference =
  (population: (d: number) => { readonly mean: number; readonly between: number }): MetricReference =>
  (left, right) => {
    const terms = left.mean.flatMap((value, d) => {
      const { mean, between: b } = population(d);
      const [x, y] = [value - mean, at(right.mean, d) - mean];
      const [v1, v2] = [varianceAt(left, d), varianceAt(right, d)];
      const determinant = b * v1 + b * v2 + v1 * v2;
      const joint = [b * (x - y) ** 2, v2 * x ** 2, v1 * y ** 2].map((square) => (-0.5 * square) / determinant);
      const single = [x ** 2 / (b + v1), y ** 2 / (b + v2)].map((square) => 0.5 * square);
      return [...joint, ...single, -0.5 * Math.log(determinant), 0.5 * Math.log(b + v1), 0.5 * Math.log(b + v2)];
    });
    return { score: sum(terms), magnitude: sum(terms.map(Math.abs)) };
  };

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const norm = (values: readonly number[]): number => Math.sqrt(sum(values.map((value) => value * value)));

function unit({ mean }: ReferencePoint): ReferencePoint {
  const length = norm(mean);
  return { mean: mean.map((value) => value / length) };
}

function varianceAt({ variance = [] }: ReferencePoint, d: number): number {
  return at(variance, variance.length === 1 ? 0 : d);
}

function at(values: readonly number[], index: number): number {
  const value = values[index];
  if (value === undefined) throw new RangeError(`[conformance] no value at ${index}`);
  return value;
}

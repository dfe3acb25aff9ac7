/**
 * How a scan over many rows ranks them as a metric does: data, so that kernels in other threads can work by it. A scan's
 * scores point one way, higher is more alike, and need not be the metric's own: what it finds is scored again by
 * `scoreBlock`.
 */
export type ScanForm =
  /** `a·b / (|a| |b|)` */
  | { readonly kind: 'cosine'; readonly projection?: Projection }
  /** `-|a - b|²` */
  | { readonly kind: 'euclidean'; readonly projection?: Projection }
  /** `a·b + Σ_d bias_d b_d²`, `b` being the row: what a two-covariance model with one variance for all comes to. */
  | { readonly kind: 'dot'; readonly bias?: Float32Array; readonly projection?: Projection }
  /** MLS of diagonal or scalar variances. */
  | { readonly kind: 'mls' }
  /** MLS under the population prior `N(mean, diag(between))`, both float32[D]. */
  | { readonly kind: 'mls-llr'; readonly mean: Float32Array; readonly between: Float32Array };

/** Applied to the means of both sides before they are compared: `matrix · (x - origin)`. */
export interface Projection {
  /** float32[P, D], row-major. */
  readonly matrix: Float32Array;
  /** float32[D]; default zero. */
  readonly origin?: Float32Array;
}

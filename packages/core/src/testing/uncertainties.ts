import type { Uncertainty } from '../uncertainty/uncertainty-file.ts';

/** A head of three inputs, two hidden units and two dimensions, of numbers that float16 holds exactly. */
export function uncertaintyOf(
  changes: { head?: Partial<Uncertainty['head']>; calibration?: Partial<Uncertainty['calibration']> } = {},
): Uncertainty {
  return {
    head: {
      input: 'features',
      kind: 'diagonal',
      mean: Float32Array.of(0.5, -1, 2),
      deviation: Float32Array.of(1, 2, 0.5),
      hidden: { weights: Float32Array.of(0.5, -0.25, 1, 0.125, 0.75, -0.5), bias: Float32Array.of(0.25, -0.125) },
      output: { weights: Float32Array.of(1, -0.5, 0.25, 2), bias: Float32Array.of(-4, -5) },
      ...changes.head,
    },
    calibration: {
      a: 0.5,
      g: 1.5,
      c: 1,
      geometricMean: 0.01,
      within: Float32Array.of(0.001, 0.002),
      ...changes.calibration,
    },
    population: { mean: Float32Array.of(0.1, -0.1), between: Float32Array.of(0.02, 0.03) },
  };
}

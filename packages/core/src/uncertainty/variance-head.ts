import type { Variance } from '../embedding.ts';
import { AffinisError } from '../errors.ts';
import type { HeadWeights, Uncertainty, VarianceCalibration } from './uncertainty-file.ts';

/** Standardised inputs are cut here, so that what was never seen in training cannot run away. */
const clamp = 5;
/** Whatever head and calibration say, a variance stays well inside float32: an embedding is unsure, never invalid. */
const [floor, ceiling] = [1e-10, 1e10];

/**
 * Calibrated variance of one embedding from what the head reads (float32[F]), by the calibration of SCIENCE's recipe:
 * `v = a · head^g · geometricMean^(1-g) + c · within`. Throws `failed-precondition` for inputs of another length.
 */
export function varianceOf({ head, calibration }: Uncertainty, input: Float32Array): Variance {
  return calibrateVariance(calibration, head.kind, rawLogVariance(head, input));
}

/** The head's log variances before calibration: float64[1] or float64[D]. */
export function rawLogVariance(head: HeadWeights, input: Float32Array): Float64Array {
  const { mean, deviation, hidden, output } = head;
  const inputs = mean.length;
  if (input.length !== inputs)
    throw new AffinisError(
      'failed-precondition',
      `[core] the uncertainty head reads ${inputs} numbers and the model gives ${input.length}; fit a head to this model`,
      {
        field: 'uncertainty',
        reason: 'MODEL_UNUSABLE',
      },
    );
  const standardised = new Float64Array(inputs);
  for (let i = 0; i < inputs; i++)
    standardised[i] = Math.max(-clamp, Math.min(clamp, ((input[i] ?? 0) - (mean[i] ?? 0)) / (deviation[i] ?? 1)));
  const activations = dense(hidden.weights, hidden.bias, standardised);
  for (let h = 0; h < activations.length; h++) activations[h] = gelu(activations[h] ?? 0);
  return dense(output.weights, output.bias, activations);
}

/** A scalar head under a diagonal floor (`c > 0`) gives a diagonal variance. */
export function calibrateVariance(
  { a, g, c, geometricMean, within }: VarianceCalibration,
  kind: 'scalar' | 'diagonal',
  logVariance: Float64Array,
): Variance {
  const base = Math.log(a) + (1 - g) * Math.log(geometricMean);
  const scaled = (d: number) => (a === 0 ? 0 : Math.exp(base + g * (logVariance[kind === 'scalar' ? 0 : d] ?? 0)));
  if (kind === 'scalar' && c === 0) return { kind: 'scalar', values: Float32Array.of(bounded(scaled(0))) };
  return { kind: 'diagonal', values: Float32Array.from(within, (w, d) => bounded(scaled(d) + c * w)) };
}

const bounded = (variance: number) => Math.min(ceiling, Math.max(floor, variance));

/** Four sums side by side, which do not wait for one another: a little over half the time of one. */
function dense(weights: Float32Array, bias: Float32Array, input: Float64Array): Float64Array {
  const out = new Float64Array(bias.length);
  const inputs = input.length;
  const even = inputs - (inputs % 4);
  for (let row = 0; row < out.length; row++) {
    const start = row * inputs;
    let [a, b, c, d] = [bias[row] as number, 0, 0, 0];
    for (let i = 0; i < even; i += 4) {
      a += (weights[start + i] as number) * (input[i] as number);
      b += (weights[start + i + 1] as number) * (input[i + 1] as number);
      c += (weights[start + i + 2] as number) * (input[i + 2] as number);
      d += (weights[start + i + 3] as number) * (input[i + 3] as number);
    }
    for (let i = even; i < inputs; i++) a += (weights[start + i] as number) * (input[i] as number);
    out[row] = a + b + (c + d);
  }
  return out;
}

/** Hendrycks & Gimpel 2016 in its tanh form, which the training uses too. */
const gelu = (x: number) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));

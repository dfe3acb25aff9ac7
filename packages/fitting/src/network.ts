import { type Matrices, transpose } from './matrices.ts';

/** `log v = gelu(x W1 + b1) W2 + b2`, weights stored so that rows of samples multiply them from the left. */
export interface Network {
  readonly inputs: number;
  readonly hidden: number;
  readonly outputs: number;
  /** float32[inputs, hidden], float32[hidden], float32[hidden, outputs], float32[outputs] */
  readonly parameters: readonly [Float32Array, Float32Array, Float32Array, Float32Array];
}

export interface Step {
  /** Mean loss of the batch. */
  readonly loss: number;
  /** In the shapes of the parameters. */
  readonly gradients: Network['parameters'];
}

/** Log variances, float32[rows, outputs], of standardised inputs, float32[rows, inputs]. */
export function forward(matrices: Matrices, network: Network, inputs: Float32Array): Float32Array {
  return propagate(matrices, network, inputs).logVariances;
}

/**
 * Gradient of the Gaussian negative log-likelihood `1/2 [ d² / v + ln v ]`, averaged over rows and outputs, at `squares`,
 * float32[rows, outputs].
 */
export function backward(matrices: Matrices, network: Network, inputs: Float32Array, squares: Float32Array): Step {
  const { hidden, outputs, parameters } = network;
  const { rows, activations, slopes, logVariances } = propagate(matrices, network, inputs);
  const outward = new Float32Array(logVariances.length);
  let loss = 0;
  for (let at = 0; at < outward.length; at++) {
    const logVariance = logVariances[at] as number;
    const ratio = (squares[at] as number) * Math.exp(-logVariance);
    loss += 0.5 * (ratio + logVariance);
    outward[at] = (0.5 * (1 - ratio)) / outward.length;
  }
  const inward = matrices.multiply(outward, transpose(parameters[2], hidden, outputs), rows, outputs, hidden);
  for (let at = 0; at < inward.length; at++) inward[at] = (inward[at] as number) * (slopes[at] as number);
  return {
    loss: loss / outward.length,
    gradients: [
      matrices.multiply(transpose(inputs, rows, network.inputs), inward, network.inputs, rows, hidden),
      columnSums(inward, hidden),
      matrices.multiply(transpose(activations, rows, hidden), outward, hidden, rows, outputs),
      columnSums(outward, outputs),
    ],
  };
}

function propagate(matrices: Matrices, { inputs, hidden, outputs, parameters }: Network, values: Float32Array) {
  const [weights, bias, outputWeights, outputBias] = parameters;
  const rows = values.length / inputs;
  const activations = matrices.multiply(values, weights, rows, inputs, hidden);
  addToRows(activations, bias);
  const slopes = new Float32Array(activations.length);
  for (let at = 0; at < activations.length; at++) {
    // GELU in its tanh form, as core's variance head has it, and its derivative.
    const x = activations[at] as number;
    const tanh = Math.tanh(rootTwoOverPi * (x + 0.044715 * x * x * x));
    activations[at] = 0.5 * x * (1 + tanh);
    slopes[at] = 0.5 * (1 + tanh) + 0.5 * x * (1 - tanh * tanh) * rootTwoOverPi * (1 + 0.134145 * x * x);
  }
  const logVariances = matrices.multiply(activations, outputWeights, rows, hidden, outputs);
  addToRows(logVariances, outputBias);
  return { rows, activations, slopes, logVariances };
}

const rootTwoOverPi = Math.sqrt(2 / Math.PI);

function addToRows(values: Float32Array, row: Float32Array): void {
  for (let at = 0; at < values.length; at++) values[at] = (values[at] as number) + (row[at % row.length] as number);
}

function columnSums(values: Float32Array, columns: number): Float32Array {
  const sums = new Float64Array(columns);
  for (let at = 0; at < values.length; at++)
    sums[at % columns] = (sums[at % columns] as number) + (values[at] as number);
  return Float32Array.from(sums);
}

import type { HeadWeights } from '@affinis/core';
import { createRandom } from '@affinis/evaluation';
import { createAdam, oneCycle } from './adam.ts';
import { unfit } from './errors.ts';
import { checkData, type FittingData, headInput, usableRows, usableSamples } from './fitting-data.ts';
import { openMatrices, transpose } from './matrices.ts';
import { backward, type Network } from './network.ts';
import { createPace, type Watch } from './pace.ts';
import { meanSquare } from './population.ts';
import { type Standardisation, standardisationOf, standardise } from './standardise.ts';

export interface HeadOptions extends Watch {
  /** Default `diagonal`: a variance for each dimension; `scalar`: one for all. */
  readonly kind?: 'diagonal' | 'scalar';
  /** Default 128. */
  readonly hidden?: number;
  /** Default 1200. */
  readonly steps?: number;
  /** Default 256. */
  readonly batch?: number;
  /** Peak of the one-cycle schedule. Default 1e-3. */
  readonly learningRate?: number;
  /** Default 1e-4. */
  readonly weightDecay?: number;
  /** Share of the inputs left out in training. Default 0.1. */
  readonly dropout?: number;
  /** Default 1. The same seed and data give the same head. */
  readonly seed?: number;
}

export interface TrainOptions extends HeadOptions {
  /** Samples to train on. Default: all. */
  readonly samples?: Int32Array;
  /** What progress is reported under. */
  readonly stage?: string;
}

const clipNorm = 5;
/** Share of a dimension's mean square: SCIENCE's 2e-4 for unit vectors of 256 dimensions. Clean copies do not collapse. */
const squareFloor = 2e-4 * 256;

/**
 * A head that tells from what a model saw of a sample how far its embedding lies from that of the undegraded sample:
 * Gaussian regression `1/2 [ d² / v + ln v ]` on single copies, no labels. On WebAssembly 24 ms a step of 256 rows for
 * 1472 → 128 → 256, in the caller's thread.
 */
export async function trainHead(data: FittingData, options: TrainOptions = {}): Promise<HeadWeights> {
  checkData(data);
  const settings = withDefaults(options);
  const rows = usableRows(data, options.samples ?? usableSamples(data));
  if (rows.length === 0) throw unfit('no sample to train on was embedded', 'samples');
  const input = headInput(data);
  const standardisation = standardisationOf(input, rows);
  const squares = squaresOf(data, rows, settings.kind);
  const random = createRandom(settings.seed);
  const network = createNetwork(input.size, settings.hidden, squares.perRow, meanLog(squares), random);
  const batch = {
    inputs: new Float32Array(settings.batch * input.size),
    squares: new Float32Array(settings.batch * squares.perRow),
  };
  const step = createAdam(network.parameters, { weightDecay: settings.weightDecay, clipNorm });
  const matrices = await openMatrices();
  const pace = createPace(options);
  for (let done = 0; done < settings.steps; done++) {
    await pace(options.stage ?? 'head', done, settings.steps);
    for (let index = 0; index < settings.batch; index++) {
      const at = Math.floor(random() * rows.length);
      const place = index * input.size;
      standardise(input, standardisation, rows[at] as number, batch.inputs, place);
      dropOut(batch.inputs, place, input.size, settings.dropout, random);
      const from = at * squares.perRow;
      batch.squares.set(squares.values.subarray(from, from + squares.perRow), index * squares.perRow);
    }
    const { gradients } = backward(matrices, network, batch.inputs, batch.squares);
    step(gradients, oneCycle(done, settings.steps, settings.learningRate));
  }
  await pace(options.stage ?? 'head', settings.steps, settings.steps);
  return headWeights(input.kind, settings.kind, standardisation, network);
}

function withDefaults(options: HeadOptions) {
  const { kind = 'diagonal', hidden = 128, steps = 1200, batch = 256, learningRate = 1e-3 } = options;
  const { weightDecay = 1e-4, dropout = 0.1, seed = 1 } = options;
  for (const [field, value] of Object.entries({ hidden, steps, batch }))
    if (!Number.isInteger(value) || value < 1) throw unfit(`is ${value}; a whole number above 0 is needed`, field);
  if (!(learningRate > 0)) throw unfit(`is ${learningRate}; it must be above 0`, 'learningRate');
  if (!(weightDecay >= 0)) throw unfit(`is ${weightDecay}; it must be 0 or above`, 'weightDecay');
  if (!(dropout >= 0 && dropout < 1)) throw unfit(`is ${dropout}; it must be 0 or above and below 1`, 'dropout');
  return { kind, hidden, steps, batch, learningRate, weightDecay, dropout, seed };
}

interface Squares {
  /** D, or 1: their mean, which gives a scalar head the same loss. */
  readonly perRow: number;
  /** float32[rows, perRow] */
  readonly values: Float32Array;
}

/** Squared differences of copies from their own clean sample, not below the floor. */
function squaresOf(data: FittingData, rows: Int32Array, kind: HeadWeights['kind']): Squares {
  const { dimension, embeddings, subjects } = data;
  const perRow = kind === 'scalar' ? 1 : dimension;
  const floor = squareFloor * meanSquare(data, usableSamples(data));
  const values = new Float32Array(rows.length * perRow).fill(floor);
  for (const [index, row] of rows.entries()) {
    const copy = row * dimension;
    const clean = (row % subjects.length) * dimension;
    for (let d = 0; d < dimension; d++) {
      const square = ((embeddings[copy + d] as number) - (embeddings[clean + d] as number)) ** 2;
      const at = index * perRow + (d % perRow);
      values[at] = (values[at] as number) + (square * perRow) / dimension;
    }
  }
  return { perRow, values };
}

/** Logarithm of the mean square of each output, where the training starts. */
function meanLog({ values, perRow }: Squares): Float32Array {
  const sums = new Float64Array(perRow);
  for (let at = 0; at < values.length; at++) sums[at % perRow] = (sums[at % perRow] as number) + (values[at] as number);
  return Float32Array.from(sums, (sum) => Math.log((sum * perRow) / values.length));
}

/** Weights uniform within 1/√inputs, those of the output a third of it, so that it starts near its bias. */
function createNetwork(
  inputs: number,
  hidden: number,
  outputs: number,
  outputBias: Float32Array,
  random: () => number,
): Network {
  const uniform = (length: number, bound: number) => Float32Array.from({ length }, () => (2 * random() - 1) * bound);
  const bound = 1 / Math.sqrt(inputs);
  const outputBound = 0.3 / Math.sqrt(hidden);
  return {
    inputs,
    hidden,
    outputs,
    parameters: [
      uniform(inputs * hidden, bound),
      uniform(hidden, bound),
      uniform(hidden * outputs, outputBound),
      outputBias,
    ],
  };
}

function dropOut(values: Float32Array, start: number, count: number, share: number, random: () => number): void {
  if (share === 0) return;
  const kept = 1 / (1 - share);
  for (let at = start; at < start + count; at++) values[at] = random() < share ? 0 : (values[at] as number) * kept;
}

function headWeights(
  input: HeadWeights['input'],
  kind: HeadWeights['kind'],
  { mean, deviation }: Standardisation,
  { inputs, hidden, outputs, parameters }: Network,
): HeadWeights {
  return {
    input,
    kind,
    mean,
    deviation,
    hidden: { weights: transpose(parameters[0], inputs, hidden), bias: parameters[1] },
    output: { weights: transpose(parameters[2], hidden, outputs), bias: parameters[3] },
  };
}

import type { HeadWeights } from '@affinis/core';
import { type FittingData, headInput } from './fitting-data.ts';
import { openMatrices, transpose } from './matrices.ts';
import { forward, type Network } from './network.ts';
import { createPace, type Watch } from './pace.ts';
import { standardise } from './standardise.ts';

/** A head's log variances before calibration, of all rows; those that no head was asked for are NaN. */
export interface RawVariances {
  readonly kind: 'scalar' | 'diagonal';
  /** float32[K * N, 1 or D] */
  readonly logarithms: Float32Array;
  /** 1 or D */
  readonly perRow: number;
}

export function createRawVariances(data: FittingData, kind: RawVariances['kind']): RawVariances {
  const perRow = kind === 'scalar' ? 1 : data.dimension;
  const logarithms = new Float32Array(data.subjects.length * data.copies * perRow).fill(Number.NaN);
  return { kind, logarithms, perRow };
}

const rowsAtOnce = 512;

/** Writes what a head says of some rows: core's `rawLogVariance` of many, in float32. */
export async function fillRawVariances(
  raw: RawVariances,
  head: HeadWeights,
  data: FittingData,
  rows: Int32Array,
  watch: Watch & { readonly stage?: string } = {},
): Promise<void> {
  const input = headInput(data);
  const matrices = await openMatrices();
  const network = networkOf(head);
  const pace = createPace(watch);
  for (let first = 0; first < rows.length; first += rowsAtOnce) {
    await pace(watch.stage ?? 'variances', first, rows.length);
    const some = rows.subarray(first, first + rowsAtOnce);
    const inputs = new Float32Array(some.length * input.size);
    for (const [index, row] of some.entries()) standardise(input, head, row, inputs, index * input.size);
    const logarithms = forward(matrices, network, inputs);
    for (const [index, row] of some.entries())
      raw.logarithms.set(logarithms.subarray(index * raw.perRow, (index + 1) * raw.perRow), row * raw.perRow);
  }
}

function networkOf({ mean, hidden, output }: HeadWeights): Network {
  const [inputs, size, outputs] = [mean.length, hidden.bias.length, output.bias.length];
  return {
    inputs,
    hidden: size,
    outputs,
    parameters: [
      transpose(hidden.weights, size, inputs),
      hidden.bias,
      transpose(output.weights, outputs, size),
      output.bias,
    ],
  };
}

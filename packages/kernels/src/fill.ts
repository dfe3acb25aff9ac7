import type { ScanForm } from '@affinis/core';
import { type ChunkLayout, rowsPerBlock } from './chunk-layout.ts';
import { offsetsOf, projectionOf } from './projection.ts';
import type { CodeParameters, FillTask } from './protocol.ts';
import { rowsUnderWay } from './scratch.ts';
import type { Shard } from './shard.ts';

/** Rows of a set in one of its chunks. */
export interface Piece {
  readonly shard: Shard;
  readonly layout: ChunkLayout;
  /** Address of the chunk. */
  readonly address: number;
  /** First row in it. */
  readonly row: number;
  readonly count: number;
}

/** Writes a set's rows from another's: as codes, or by a form's projection. */
export interface Filler {
  /** `to.count` rows are written; the chunk of `to` is its own. */
  fill(from: Piece, to: Omit<Piece, 'count'>): void;
}

export function createFiller(task: FillTask, form: ScanForm | undefined): Filler {
  return {
    fill(from, to) {
      for (let done = 0; done < from.count; done += rowsUnderWay) {
        const count = Math.min(rowsUnderWay, from.count - done);
        const scratch = task.scratch[to.shard.index] as number;
        const copied = copyRows(from, from.row + done, count, to.shard, scratch);
        const target = { ...to, row: to.row + done };
        if ('parameters' in task.how) encode(task.how.parameters, from.layout, copied, count, target);
        else if (form) project(form, from.layout, copied, count, target);
      }
    },
  };
}

interface Copied {
  readonly means: number;
  readonly variances: number;
  /** First address behind them. */
  readonly end: number;
}

function copyRows(from: Piece, row: number, count: number, { memory }: Shard, scratch: number): Copied {
  const { stride, varianceKind, offsets } = from.layout;
  const variances = scratch + 4 * stride * rowsUnderWay;
  const values = varianceKind === 'none' ? 0 : varianceKind === 'scalar' ? 1 : stride;
  const copy = (address: number, width: number, to: number) =>
    new Float32Array(memory.buffer, to, count * width).set(
      new Float32Array(from.shard.memory.buffer, from.address + address + 4 * width * row, count * width),
    );
  copy(offsets.means, stride, scratch);
  if (values > 0) copy(offsets.variances, values, variances);
  return { means: scratch, variances, end: scratch + 8 * stride * rowsUnderWay };
}

function encode(
  { centres, steps, varianceBits, varianceSteps }: CodeParameters,
  { stride, dimension, varianceKind }: ChunkLayout,
  { means, variances, end }: Copied,
  count: number,
  to: Omit<Piece, 'count'>,
): void {
  const { kernels, memory } = to.shard;
  const floats = new Float32Array(memory.buffer, end, 4 * dimension);
  const integers = new Int32Array(memory.buffer, end, 4 * dimension);
  for (let d = 0; d < dimension; d++) {
    floats[4 * d] = centres[d] as number;
    floats[4 * d + 1] = 1 / (steps[d] as number);
    integers[4 * d + 2] = varianceBits[d] as number;
    floats[4 * d + 3] = 1 / (varianceSteps[d] as number);
  }
  const kind = varianceKind === 'none' ? 0 : varianceKind === 'scalar' ? 1 : 2;
  const codes = to.address + to.layout.offsets.means;
  const blocks = to.layout.rowsPerChunk / rowsPerBlock;
  kernels.encode(means, variances, kind, count, stride, dimension, end, codes, blocks, to.row);
}

function project(
  form: ScanForm,
  { stride, dimension }: ChunkLayout,
  { means, end }: Copied,
  count: number,
  to: Omit<Piece, 'count'>,
): void {
  const projection = projectionOf(form);
  if (!projection) return;
  const { kernels, memory } = to.shard;
  const offsets = offsetsOf(projection, dimension);
  const matrix = new Float32Array(memory.buffer, end, offsets.length * stride).fill(0);
  for (let p = 0; p < offsets.length; p++)
    matrix.set(projection.matrix.subarray(p * dimension, (p + 1) * dimension), p * stride);
  const offset = end + matrix.byteLength;
  new Float32Array(memory.buffer, offset, offsets.length).set(offsets);
  const out = to.address + to.layout.offsets.means + 4 * to.layout.stride * to.row;
  kernels.project(means, count, stride, end, offset, offsets.length, to.layout.stride, out);
}

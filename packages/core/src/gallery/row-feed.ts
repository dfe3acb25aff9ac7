import { setImmediate as nextTurn } from 'node:timers/promises';
import type { EmbeddingBlock } from '../metric.ts';
import { type RowShape, varianceLengthOf } from './row-block.ts';
import type { RowIndex } from './row-index.ts';
import type { StoredRow } from './template-store.ts';

/** What an index is fed with. */
export type RowSet = Pick<RowIndex, 'count' | 'bytes' | 'append' | 'remove' | 'close'> &
  Partial<Pick<RowIndex, 'settle'>>;

export interface AppendedRow {
  readonly sequence: number;
  readonly mean: Float32Array;
  readonly variance: Float32Array;
}

/** Keeps an index at what the store holds: filled once, then told of every write. */
export interface RowFeed<S extends RowSet> {
  readonly set: S;
  /** Resolves when all rows that were there at the beginning are in. */
  readonly ready: Promise<void>;
  append(rows: readonly AppendedRow[]): void;
  remove(sequences: readonly number[]): void;
}

/** Rows copied between two turns of the event loop. */
const rowsPerTurn = 1024;

/** `rows`: in the order of their sequence numbers; writes that come while they are read wait until they are in. */
export function createRowFeed<S extends RowSet>(set: S, shape: RowShape, rows: Iterable<StoredRow>): RowFeed<S> {
  let waiting: (() => void)[] | undefined = [];
  let last = -1;
  const append = (appended: readonly AppendedRow[]) => {
    const fresh = appended.filter(({ sequence }) => sequence > last);
    if (fresh.length === 0) return;
    last = fresh.at(-1)?.sequence ?? last;
    set.append(
      packRows(fresh, shape),
      Uint32Array.from(fresh, ({ sequence }) => sequence),
    );
  };
  const remove = (sequences: readonly number[]) => {
    for (const sequence of sequences) set.remove(sequence);
  };
  const fill = async () => {
    const turn = createTurn(shape);
    const hand = () => {
      if (turn.block.count === 0) return;
      last = turn.sequences[turn.block.count - 1] ?? last;
      set.append(turn.block, turn.sequences.subarray(0, turn.block.count));
      turn.block.count = 0;
    };
    for (const row of rows) {
      turn.add(row);
      if (turn.block.count < rowsPerTurn) continue;
      hand();
      await set.settle?.();
      await nextTurn();
    }
    hand();
    for (const apply of waiting ?? []) apply();
    waiting = undefined;
  };
  const ready = fill();
  ready.catch(() => undefined);
  const later = (apply: () => void) => (waiting ? void waiting.push(apply) : apply());
  return {
    set,
    ready,
    append: (appended) => later(() => append(appended)),
    remove: (sequences) => later(() => remove(sequences)),
  };
}

/** A block that is filled again and again; whoever is given it copies. */
function createTurn(shape: RowShape) {
  const { dimension, varianceKind, unitNorm } = shape;
  const length = varianceLengthOf(shape);
  const means = new Float32Array(rowsPerTurn * dimension);
  const variances = new Float32Array(rowsPerTurn * length);
  const sequences = new Uint32Array(rowsPerTurn);
  const shared = { dimension, means, varianceKind, unitNorm, start: 0, count: 0 };
  const block: EmbeddingBlock = length === 0 ? shared : { ...shared, variances };
  return {
    block,
    sequences,
    add({ sequence, mean, variance }: StoredRow) {
      means.set(mean, block.count * dimension);
      variances.set(variance, block.count * length);
      sequences[block.count++] = sequence;
    },
  };
}

/** Rows of one shape as a block. */
export function packRows(rows: readonly Omit<AppendedRow, 'sequence'>[], shape: RowShape): EmbeddingBlock {
  const { dimension, varianceKind, unitNorm } = shape;
  const length = varianceLengthOf(shape);
  const means = new Float32Array(rows.length * dimension);
  const variances = new Float32Array(rows.length * length);
  for (const [row, { mean, variance }] of rows.entries()) {
    means.set(mean, row * dimension);
    variances.set(variance, row * length);
  }
  return {
    dimension,
    means,
    ...(length === 0 ? {} : { variances }),
    varianceKind,
    unitNorm,
    start: 0,
    count: rows.length,
  };
}

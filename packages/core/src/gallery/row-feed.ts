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
    const turn = createTurn(shape, rowsPerTurn);
    const flush = () => {
      if (turn.sequences.length === 0) return;
      last = turn.sequences.at(-1) ?? last;
      set.append(turn.block(), Uint32Array.from(turn.sequences));
      turn.sequences.length = 0;
    };
    for (const row of rows) {
      turn.add(row);
      if (turn.sequences.length < rowsPerTurn) continue;
      flush();
      await set.settle?.();
      await nextTurn();
    }
    flush();
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

/** Memory for the rows of one turn, used again for the next: a gallery's start would else leave each of its rows behind. */
function createTurn(shape: RowShape, capacity: number) {
  const { dimension } = shape;
  const length = varianceLengthOf(shape);
  const means = new Float32Array(capacity * dimension);
  const variances = new Float32Array(capacity * length);
  const sequences: number[] = [];
  return {
    sequences,
    add({ sequence, mean, variance }: AppendedRow) {
      const row = sequences.push(sequence) - 1;
      means.set(mean, row * dimension);
      variances.set(variance, row * length);
    },
    block: () => blockOf(shape, means, variances, sequences.length),
  };
}

/** Rows of one shape as a block. */
export function packRows(rows: readonly Omit<AppendedRow, 'sequence'>[], shape: RowShape): EmbeddingBlock {
  const { dimension } = shape;
  const length = varianceLengthOf(shape);
  const means = new Float32Array(rows.length * dimension);
  const variances = new Float32Array(rows.length * length);
  for (const [row, { mean, variance }] of rows.entries()) {
    means.set(mean, row * dimension);
    variances.set(variance, row * length);
  }
  return blockOf(shape, means, variances, rows.length);
}

function blockOf(shape: RowShape, means: Float32Array, variances: Float32Array, count: number): EmbeddingBlock {
  const { dimension, varianceKind, unitNorm } = shape;
  const withVariances = varianceKind === 'none' ? {} : { variances };
  return { dimension, means, ...withVariances, varianceKind, unitNorm, start: 0, count };
}

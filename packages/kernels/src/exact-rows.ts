import type { Candidate, EmbeddingBlock, RowIndexOptions, ScanForm } from '@affinis/core';
import type { Executor } from './executor.ts';
import { outputsOf, projectionOf } from './projection.ts';
import type { Found } from './protocol.ts';
import { createRowSet, type RowSet } from './row-set.ts';
import type { Rows, Search } from './rows.ts';
import { fillScratchBytes, scratchBytes } from './scratch.ts';
import { isWide, varianceScaleOf } from './value-range.ts';

export interface ExactRows extends Rows {
  readonly set: RowSet;
  readonly varianceScale: number;
  /** Takes other rows in the place of all, of which it is known whether they are wide; keeps the memory. */
  replace(block: EmbeddingBlock, sequences: ArrayLike<number>, wide: boolean): void;
  /** Values that float32 lanes cannot take have come. */
  readonly wide: boolean;
  /** As `search`, by slots of `set`; `here`: in the caller's thread, for a handful of rows. */
  scan(search: Search, here?: boolean): Promise<readonly Found[]>;
}

/** Float32 rows, and what forms project them to, each made when it is first asked for. */
export function createExactRows(
  executor: Executor,
  { dimension, varianceKind }: Pick<RowIndexOptions, 'dimension' | 'varianceKind'>,
  knownScale = 0,
): ExactRows {
  const set = createRowSet(executor, 'rows', dimension, varianceKind);
  const projections = new Map<ScanForm, RowSet>();
  let varianceScale = knownScale;
  let wide = false;
  let count = 0;

  const ensureProjected = async (form: ScanForm): Promise<RowSet> => {
    const projection = projectionOf(form);
    if (!projection) return set;
    let target = projections.get(form);
    if (!target) {
      target = createRowSet(executor, 'rows', outputsOf(projection, dimension), 'none');
      projections.set(form, target);
    }
    const from = target.total;
    if (from === set.total) return target;
    const sequences = Uint32Array.from({ length: set.total - from }, (_, row) => set.sequenceAt(from + row));
    target.reserve(sequences.length);
    await executor.fill(
      {
        kind: 'fill',
        set: target.id,
        source: set.id,
        total: from + sequences.length,
        from,
        sourceFrom: from,
        how: { form: executor.form(form) },
      },
      fillScratchBytes(set.layout, outputsOf(projection, dimension)) + fillScratchBytes(target.layout, 0),
    );
    target.fill(sequences);
    for (let slot = from; slot < target.total; slot++) if (!set.isLive(slot)) target.hide(slot);
    return target;
  };

  const scan = async ({ form, queries, k, allowed }: Search, here = false) => {
    const target = await ensureProjected(form);
    if (target.total === 0) return Array.from({ length: queries.count }, () => nothingFound);
    if (allowed) target.allow(allowed);
    const { stride } = target.layout;
    return executor.scan(
      {
        kind: 'scan',
        set: target.id,
        total: target.total,
        form: executor.form(form),
        means: queries.means,
        variances: queries.variances ?? new Float32Array(0),
        varianceKind: queries.varianceKind,
        count: queries.count,
        k: Math.min(k, target.total),
        allowed: allowed !== undefined,
        wide,
        varianceScale: varianceScale || 1,
      },
      scratchBytes({ stride, count: queries.count, k: Math.min(k, target.total), nearestK: 0 }),
      here,
    );
  };

  return {
    set,
    get varianceScale() {
      return varianceScale || 1;
    },
    get count() {
      return count;
    },
    get bytes() {
      return [set, ...projections.values()].reduce((sum, { bytes }) => sum + bytes, 0);
    },
    append(block: EmbeddingBlock, sequences) {
      if (block.count === 0) return;
      varianceScale ||= varianceScaleOf(block);
      wide ||= isWide(block, varianceScale);
      set.append(block, sequences, varianceScale);
      count += block.count;
    },
    remove(sequence) {
      const slot = set.slotOf(sequence);
      if (slot < 0) return false;
      set.hide(slot);
      for (const projected of projections.values()) if (slot < projected.total) projected.hide(slot);
      count--;
      return true;
    },
    scan,
    async search(search) {
      const found = await scan(search);
      return found.map(({ scores, slots }) => candidates(set, scores, slots));
    },
    settle: async () => undefined,
    get wide() {
      return wide;
    },
    replace(block, sequences, known) {
      set.clear();
      for (const projected of projections.values()) projected.clear();
      wide = known;
      set.append(block, sequences, varianceScale || 1);
      count = block.count;
    },
    close() {
      set.close();
      for (const projected of projections.values()) projected.close();
      projections.clear();
      count = 0;
    },
  };
}

const nothingFound: Found = { scores: new Float64Array(0), slots: new Uint32Array(0) };

export const candidates = (set: RowSet, scores: Float64Array, slots: Uint32Array): readonly Candidate[] =>
  Array.from(slots, (slot, at) => ({ sequence: set.sequenceAt(slot), score: scores[at] as number }));

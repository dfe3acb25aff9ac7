import type { ScanForm } from '@affinis/core';
import type { ChunkLayout } from './chunk-layout.ts';
import { type CodeTables, createCodeTables } from './code-tables.ts';
import { mergeFound, readHeap } from './found.ts';
import { heapBytes } from './kernels.ts';
import { prepareQueries } from './prepare-queries.ts';
import type { Found, ScanTask } from './protocol.ts';
import { type ChunkRows, scanRows } from './scan-rows.ts';
import { type Scratch, scratchAt } from './scratch.ts';
import type { Shard } from './shard.ts';

/** One thread's part of one task. */
export interface Scan {
  /** Scans the first `count` rows of the chunk at `address`; `firstSlot` is the slot of the first. */
  chunk(shard: Shard, address: number, firstSlot: number, count: number): void;
  /** By query, the best of all chunks. */
  found(): readonly Found[];
}

export function createScan(task: ScanTask, form: ScanForm, layout: ChunkLayout): Scan {
  const size = { stride: layout.stride, count: task.count, k: task.k, nearestK: task.codes?.nearestK ?? 0 };
  const prepared = task.codes ? undefined : prepareQueries(task, form, layout);
  const tables = task.codes && createCodeTables(task, form, task.codes.parameters);
  const used = new Map<Shard, Scratch>();

  /** Writes the queries into this memory before its first chunk. */
  const enter = (shard: Shard): Scratch => {
    const scratch = scratchAt(task.scratch[shard.index] as number, size);
    const { buffer } = shard.memory;
    new Uint8Array(buffer, scratch.heaps, scratch.queries - scratch.heaps).fill(0);
    if (tables) {
      new Uint8Array(buffer, scratch.queries, tables.tables.length).set(tables.tables);
      new Float64Array(buffer, scratch.constants, tables.units.length).set(tables.units);
    } else if (prepared) {
      new Float32Array(buffer, scratch.queries, prepared.queries.length).set(prepared.queries);
      new Float64Array(buffer, scratch.constants, prepared.constants.length).set(prepared.constants);
      if (prepared.variances) new Float32Array(buffer, scratch.variances, task.count).set(prepared.variances);
    }
    used.set(shard, scratch);
    return scratch;
  };

  return {
    chunk(shard, address, firstSlot, count) {
      const scratch = used.get(shard) ?? enter(shard);
      const at = { address, firstSlot, count, live: address + layout.offsets[task.allowed ? 'allowed' : 'live'] };
      if (tables) scanCodes(task, layout, tables, shard, scratch, at);
      else if (prepared) scanRows({ task, form, layout, prepared, shard, scratch, rows: at });
    },
    found() {
      const step = heapBytes(task.k) + (tables ? heapBytes(size.nearestK) : 0);
      const skip = tables ? heapBytes(size.nearestK) : 0;
      return Array.from({ length: task.count }, (_, q) =>
        mergeFound(
          [...used].map(([{ memory }, { heaps }]) => readHeap(memory, heaps + q * step + skip, task.k)),
          task.k,
        ),
      );
    },
  };
}

function scanCodes(
  task: ScanTask,
  layout: ChunkLayout,
  tables: CodeTables,
  { kernels }: Shard,
  { heaps, queries, constants, scores }: Scratch,
  { address, firstSlot, count, live }: ChunkRows,
): void {
  const { nearestK = 0, margin = 0 } = task.codes ?? {};
  kernels.scanCodes(
    address + layout.offsets.means,
    live,
    firstSlot,
    count,
    layout.stride / 2,
    queries,
    task.count,
    constants,
    tables.moving,
    heaps,
    task.k,
    nearestK,
    margin,
    scores,
  );
}

import type { ScanForm } from '@affinis/core';
import type { ChunkLayout } from './chunk-layout.ts';
import { mergeFound, readHeap } from './found.ts';
import { heapBytes } from './kernels.ts';
import { prepareQueries } from './prepare-queries.ts';
import type { Found, ScanTask } from './protocol.ts';
import { createCodeScan } from './scan-codes.ts';
import { scanRows } from './scan-rows.ts';
import { type Scratch, scratchAt } from './scratch.ts';
import type { Shard } from './shard.ts';

/** One thread's part of one task. */
export interface Scan {
  /** Takes the first `count` rows of the chunk at `address`; `firstSlot` is the slot of the first. */
  chunk(shard: Shard, address: number, firstSlot: number, count: number): void;
  /** By query, the best of all chunks. */
  found(): readonly Found[];
}

export const createScan = (task: ScanTask, form: ScanForm, layout: ChunkLayout): Scan =>
  task.codes ? createCodeScan(task, task.codes, form, layout) : createRowScan(task, form, layout);

function createRowScan(task: ScanTask, form: ScanForm, layout: ChunkLayout): Scan {
  const size = { stride: layout.stride, count: task.count, k: task.k, nearestK: 0 };
  const prepared = prepareQueries(task, form, layout);
  const used = new Map<Shard, Scratch>();

  /** Writes the queries into this memory before its first chunk. */
  const enter = (shard: Shard): Scratch => {
    const scratch = scratchAt(task.scratch[shard.index] as number, size);
    const { buffer } = shard.memory;
    new Uint8Array(buffer, scratch.heaps, scratch.queries - scratch.heaps).fill(0);
    new Float32Array(buffer, scratch.queries, prepared.queries.length).set(prepared.queries);
    new Float64Array(buffer, scratch.constants, prepared.constants.length).set(prepared.constants);
    if (prepared.variances) new Float32Array(buffer, scratch.variances, task.count).set(prepared.variances);
    used.set(shard, scratch);
    return scratch;
  };

  return {
    chunk(shard, address, firstSlot, count) {
      const scratch = used.get(shard) ?? enter(shard);
      const live = address + layout.offsets[task.allowed ? 'allowed' : 'live'];
      scanRows({ task, form, layout, prepared, shard, scratch, rows: { address, firstSlot, count, live } });
    },
    found: () =>
      Array.from({ length: task.count }, (_, q) =>
        mergeFound(
          [...used].map(([{ memory }, { heaps }]) => readHeap(memory, heaps + q * heapBytes(task.k), task.k)),
          task.k,
        ),
      ),
  };
}

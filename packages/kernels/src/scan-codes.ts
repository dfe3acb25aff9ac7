import type { ScanForm } from '@affinis/core';
import { type ChunkLayout, foreseenStep, rowsPerBlock } from './chunk-layout.ts';
import { createCodeTables, pairsALook, unitsOf } from './code-tables.ts';
import { mergeFound, readHeap } from './found.ts';
import { heapBytes } from './kernels.ts';
import type { CodesTask, ScanTask } from './protocol.ts';
import type { Scan } from './scan.ts';
import { promisingOf, type Scratch, scratchAt } from './scratch.ts';
import type { Shard } from './shard.ts';

interface Chunk {
  readonly address: number;
  readonly firstSlot: number;
  readonly count: number;
}

/** What one memory's chunks are scanned with. */
interface Room {
  readonly scratch: Scratch;
  /** By their number in the set. */
  readonly chunks: Map<number, Chunk>;
}

const blocksOf = ({ count }: Chunk): number => Math.ceil(count / rowsPerBlock);

/** A quarter of the dimensions, in whole looks, tells most rows from those that are wanted. */
const foreseenPairs = (pairs: number): number => pairsALook * Math.max(1, Math.floor(pairs / (4 * pairsALook)));

/**
 * A scan over codes. A pass over the first quarter of the dimensions foresees what every block can score; the blocks that promise most
 * are scanned first, and of the others only those that can come near what was found there.
 */
export function createCodeScan(task: ScanTask, codes: CodesTask, form: ScanForm, layout: ChunkLayout): Scan {
  const { nearestK } = codes;
  const { offsets, rowsPerChunk, stride } = layout;
  const { tables, units, moving } = createCodeTables(task, codes, form);
  const pairs = stride / 2;
  const blocks = rowsPerChunk / rowsPerBlock;
  const promisingK = promisingOf(nearestK);
  const step = foreseenStep(rowsPerChunk);
  const heapStep = heapBytes(nearestK) + heapBytes(task.k);
  const depth = foreseenPairs(pairs);
  const foresees = depth < pairs;
  const rooms = new Map<Shard, Room>();

  /** Writes the queries into this memory before its first chunk. */
  const enter = (shard: Shard): Room => {
    const size = { stride, count: task.count, k: task.k, nearestK };
    const scratch = scratchAt(task.scratch[shard.index] as number, size);
    const { buffer } = shard.memory;
    new Uint8Array(buffer, scratch.heaps, scratch.queries - scratch.heaps).fill(0);
    new Uint8Array(buffer, scratch.promising, scratch.scores - scratch.promising).fill(0);
    new Uint8Array(buffer, scratch.queries, tables.length).set(tables);
    new Float64Array(buffer, scratch.constants, units.length).set(units);
    const room = { scratch, chunks: new Map() };
    rooms.set(shard, room);
    return room;
  };
  const liveOf = ({ address }: Chunk) => address + offsets[task.allowed ? 'allowed' : 'live'];
  const scan = (shard: Shard, { scratch }: Room, chunk: Chunk, from: number, to: number, q: number, count: number) =>
    shard.kernels.scanCodes(
      chunk.address + offsets.means,
      blocks,
      liveOf(chunk),
      chunk.firstSlot,
      from,
      to,
      pairs,
      scratch.queries + q * pairs * 96,
      count,
      scratch.constants + q * 8 * unitsOf(pairs),
      moving,
      scratch.heaps + q * heapStep,
      task.k,
      nearestK,
      scratch.scores,
      foresees ? chunk.address + offsets.foreseen + q * step : 0,
      step,
    );
  const foresee = ({ kernels }: Shard, { scratch }: Room, chunk: Chunk) =>
    kernels.foreseeCodes(
      chunk.address + offsets.means,
      blocks,
      liveOf(chunk),
      chunk.firstSlot / rowsPerBlock,
      blocksOf(chunk),
      pairs,
      depth,
      scratch.queries,
      task.count,
      scratch.constants,
      moving,
      scratch.promising,
      promisingK,
      scratch.scores,
      chunk.address + offsets.foreseen,
      step,
    );
  const scanPromising = (shard: Shard, room: Room) => {
    for (let q = 0; q < task.count; q++) {
      const { slots } = readHeap(shard.memory, room.scratch.promising + q * heapBytes(promisingK), promisingK);
      for (const number of slots) {
        const chunk = room.chunks.get(Math.floor(number / blocks));
        const block = number % blocks;
        if (chunk) scan(shard, room, chunk, block, block + 1, q, 1);
      }
    }
  };

  return {
    chunk(shard, address, firstSlot, count) {
      const room = rooms.get(shard) ?? enter(shard);
      const chunk = { address, firstSlot, count };
      room.chunks.set(firstSlot / rowsPerChunk, chunk);
      if (foresees) foresee(shard, room, chunk);
    },
    found() {
      for (const [shard, room] of rooms) {
        if (foresees) scanPromising(shard, room);
        for (const chunk of room.chunks.values()) scan(shard, room, chunk, 0, blocksOf(chunk), 0, task.count);
      }
      return Array.from({ length: task.count }, (_, q) =>
        mergeFound(
          [...rooms].map(([{ memory }, { scratch }]) =>
            readHeap(memory, scratch.heaps + q * heapStep + heapBytes(nearestK), task.k),
          ),
          task.k,
        ),
      );
    },
  };
}

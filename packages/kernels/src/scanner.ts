import { AffinisError, type ScanForm } from '@affinis/core';
import type { ChunkLayout } from './chunk-layout.ts';
import { createFiller } from './fill.ts';
import { loadKernels } from './load-kernels.ts';
import { createPlainKernels } from './plain/plain-kernels.ts';
import type { FillTask, Found, Message, Reply, ScanTask, Setup, Task } from './protocol.ts';
import { createScan } from './scan.ts';
import type { Shard } from './shard.ts';

/** One thread's part: it knows the memories, the sets in them and the forms, and works through tasks. */
export interface Scanner {
  /** A reply to a task, nothing to other messages. */
  receive(message: Message): Reply | undefined;
}

interface KnownSet {
  readonly layout: ChunkLayout;
  readonly chunks: ({ readonly shard: number; readonly address: number } | undefined)[];
}

/** A chunk of a set, the slot of its first row, and how many rows it has. */
interface ChunkPart {
  readonly shard: Shard;
  readonly address: number;
  readonly firstSlot: number;
  readonly count: number;
}

export function createScanner({ kernels: kind, tickets }: Setup): Scanner {
  const nextChunks = new Int32Array(tickets);
  const shards: Shard[] = [];
  const forms = new Map<number, ScanForm>();
  const sets = new Map<number, KnownSet>();

  const setOf = (id: number): KnownSet => known(sets.get(id), 'set');
  const part = (set: KnownSet, index: number, total: number): ChunkPart => {
    const { shard, address } = known(set.chunks[index], 'chunk');
    const { rowsPerChunk } = set.layout;
    const firstSlot = index * rowsPerChunk;
    return {
      shard: known(shards[shard], 'memory'),
      address,
      firstSlot,
      count: Math.min(rowsPerChunk, total - firstSlot),
    };
  };
  function* chunksOf({ ticket, total }: Task, set: KnownSet): Iterable<ChunkPart> {
    const count = Math.ceil(total / set.layout.rowsPerChunk);
    for (let index = Atomics.add(nextChunks, ticket, 1); index < count; index = Atomics.add(nextChunks, ticket, 1))
      if (set.chunks[index]) yield part(set, index, total);
  }

  const scan = (task: ScanTask): readonly Found[] => {
    const set = setOf(task.set);
    const work = createScan(task, known(forms.get(task.form), 'form'), set.layout);
    for (const { shard, address, firstSlot, count } of chunksOf(task, set))
      work.chunk(shard, address, firstSlot, count);
    return work.found();
  };

  const fill = (task: FillTask): void => {
    const target = setOf(task.set);
    const source = setOf(task.source);
    const filler = createFiller(task, 'form' in task.how ? forms.get(task.how.form) : undefined);
    for (const { shard, address, firstSlot, count } of chunksOf(task, target)) {
      let slot = Math.max(task.from, firstSlot);
      while (slot < firstSlot + count) {
        const read = slot - task.from + task.sourceFrom;
        const index = Math.floor(read / source.layout.rowsPerChunk);
        const row = read % source.layout.rowsPerChunk;
        const rows = Math.min(source.layout.rowsPerChunk - row, firstSlot + count - slot);
        const place = slot - firstSlot;
        slot += rows;
        // A chunk that is gone had no row that lives.
        if (!source.chunks[index]) continue;
        const from = part(source, index, Number.POSITIVE_INFINITY);
        const piece = { shard: from.shard, layout: source.layout, address: from.address, row, count: rows };
        filler.fill(piece, { shard, layout: target.layout, address, row: place });
      }
    }
  };

  const answer = (task: Task): Reply => {
    try {
      if (task.kind === 'scan') return { id: task.id, found: scan(task) };
      fill(task);
      return { id: task.id };
    } catch (thrown) {
      return { id: task.id, error: AffinisError.from(thrown, 'kernels').message };
    }
  };

  return {
    receive(message) {
      if (message.kind === 'task') return answer(message.task);
      if (message.kind === 'memory') {
        const { shard, memory } = message;
        const plain = createPlainKernels(memory);
        shards[shard] = { index: shard, memory, kernels: kind === 'plain' ? plain : loadKernels(memory), plain };
      } else if (message.kind === 'form') forms.set(message.form, message.spec);
      else if (message.kind === 'open') sets.set(message.set, { layout: message.layout, chunks: [] });
      else if (message.kind === 'chunk') setOf(message.set).chunks.push({ ...message });
      else if (message.kind === 'hole') setOf(message.set).chunks.push(undefined);
      else if (message.kind === 'drop') setOf(message.set).chunks[message.index] = undefined;
      else sets.delete(message.set);
      return undefined;
    },
  };
}

function known<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new AffinisError('internal', `[kernels] a thread was not told of a ${what}`);
  return value;
}

import type { ScanForm } from '@affinis/core';
import { AffinisError } from '@affinis/core';
import { type Arena, createArena, type Region } from './arena.ts';
import type { ChunkLayout } from './chunk-layout.ts';
import { mergeFound } from './found.ts';
import type { KernelKind } from './load-kernels.ts';
import type { FillTask, Found, Message, ScanTask, Task } from './protocol.ts';
import { createScanThread, type ScanThread } from './scan-thread.ts';
import { createScanner } from './scanner.ts';

type Unplaced<T extends Task> = Omit<T, 'id' | 'ticket' | 'scratch'>;

/** Where tasks run: in all threads together, or here. It keeps what a thread has to know, for those that start later. */
export interface Executor {
  readonly arena: Arena;
  /** Makes a set known; returns its number. */
  open(layout: ChunkLayout): number;
  addChunk(set: number, region: Region): void;
  /** Forgets one chunk of a set, by its place. */
  dropChunk(set: number, index: number): void;
  close(set: number): void;
  /** The number of a form; the same object has one. */
  form(spec: ScanForm): number;
  /** By query, the best of the whole set. `here`: in the caller's thread. */
  scan(task: Unplaced<ScanTask>, scratchBytes: number, here?: boolean): Promise<readonly Found[]>;
  fill(task: Unplaced<FillTask>, scratchBytes: number): Promise<void>;
  /** One after the other: what runs here sees no other's searches and fills. */
  exclusive<T>(work: () => Promise<T>): Promise<T>;
  end(): Promise<void>;
}

export interface ExecutorOptions {
  readonly threads: number;
  readonly kernels: KernelKind;
  readonly memoryBytes: number;
}

/** At one time: a search has one for each of its sets, and searches come one after the other. */
const mostTasks = 4096;

export function createExecutor({ threads: count, kernels, memoryBytes }: ExecutorOptions): Executor {
  const memories: Message[] = [];
  const forms = new Map<ScanForm, number>();
  const sets = new Map<number, Message[]>();
  const tickets = new SharedArrayBuffer(4 * mostTasks);
  const setup = { kernels, tickets };
  const local = createScanner(setup);
  const state = () => [
    ...memories,
    ...[...forms].map(([spec, form]): Message => ({ kind: 'form', form, spec })),
    ...[...sets.values()].flat(),
  ];
  const threads = Array.from({ length: count }, () => createScanThread(setup, state));
  const tell = (message: Message) => {
    local.receive(message);
    for (const thread of threads) thread.tell(message);
  };
  const arena = createArena(memoryBytes, (memory, shard) => {
    const message: Message = { kind: 'memory', shard, memory };
    memories.push(message);
    tell(message);
  });
  const scratch = createScratchPool(arena);
  let nextId = 1;
  let queue: Promise<unknown> = Promise.resolve();

  /** Runs one task in every thread at once; each gets the chunks that no other has taken. */
  const share = async <T extends Task>(task: Unplaced<T>, bytes: number, here: boolean) => {
    const ticket = nextId++ % mostTasks;
    new Int32Array(tickets)[ticket] = 0;
    const placed = (owner: number) =>
      ({ ...task, id: nextId++, ticket, scratch: scratch.of(owner, bytes) }) as unknown as T;
    if (here || threads.length === 0) {
      const reply = local.receive({ kind: 'task', task: placed(-1) });
      if (reply?.error !== undefined) throw new AffinisError('internal', reply.error);
      return [reply?.found];
    }
    // Where one is lost, the others have to be done before the next task: they write into the chunks that they scan.
    const settled = await Promise.allSettled(threads.map((thread: ScanThread, index) => thread.run(placed(index))));
    return settled.map((each) => {
      if (each.status === 'rejected') throw each.reason;
      return each.value;
    });
  };

  return {
    arena,
    open(layout) {
      const set = nextId++;
      const message: Message = { kind: 'open', set, layout };
      sets.set(set, [message]);
      tell(message);
      return set;
    },
    addChunk(set, { shard, address }) {
      const message: Message = { kind: 'chunk', set, shard, address };
      sets.get(set)?.push(message);
      tell(message);
    },
    dropChunk(set, index) {
      // A thread that starts later is told of no chunk there; the first message opens the set.
      sets.get(set)?.splice(1 + index, 1, { kind: 'hole', set });
      tell({ kind: 'drop', set, index });
    },
    close(set) {
      sets.delete(set);
      tell({ kind: 'close', set });
    },
    form(spec) {
      const known = forms.get(spec);
      if (known !== undefined) return known;
      const form = nextId++;
      forms.set(spec, form);
      tell({ kind: 'form', form, spec });
      return form;
    },
    async scan(task, bytes, here = false) {
      const parts = await share<ScanTask>(task, bytes, here);
      return Array.from({ length: task.count }, (_, q) =>
        mergeFound(
          parts.map((found) => found?.[q] ?? nothing),
          task.k,
        ),
      );
    },
    async fill(task, bytes) {
      await share<FillTask>(task, bytes, false);
    },
    exclusive(work) {
      const mine = queue.then(work);
      queue = mine.catch(() => undefined);
      return mine;
    },
    async end() {
      await queue;
      await Promise.all(threads.map((thread) => thread.end()));
    },
  };
}

const nothing: Found = { scores: new Float64Array(0), slots: new Uint32Array(0) };

/** Memory of its own for every thread in every memory, grown as tasks need it. */
function createScratchPool(arena: Arena) {
  const owned = new Map<string, Region>();
  return {
    of(owner: number, bytes: number): number[] {
      return arena.memories.map((_, shard) => {
        const key = `${owner}/${shard}`;
        const known = owned.get(key);
        if (known && known.bytes >= bytes) return known.address;
        if (known) arena.free(known);
        const region = arena.allocate(2 ** Math.ceil(Math.log2(bytes)), shard);
        owned.set(key, region);
        return region.address;
      });
    },
  };
}

import { AffinisError } from '@affinis/core';

/** A piece of one of the arena's memories. */
export interface Region {
  readonly shard: number;
  /** A multiple of 64. */
  readonly address: number;
  readonly bytes: number;
}

/**
 * Shared memory that rows lie in, for every thread: as many WebAssembly memories as it takes, since one ends at 4 GiB.
 * One thread allocates.
 */
export interface Arena {
  readonly memories: readonly WebAssembly.Memory[];
  /** Bytes in use. */
  readonly bytes: number;
  /** Zeroed. `resource-exhausted` where the machine has no more. */
  /** Somewhere, or in one of the memories. */
  allocate(bytes: number, shard?: number): Region;
  free(region: Region): void;
}

const pageBytes = 65_536;
/** Below it the kernels keep their own data. */
const firstAddress = pageBytes;
/** Kept free in every memory for what threads need beside rows. */
const reservedBytes = 128 * 2 ** 20;

/** A memory is reserved whole: the system gives pages as they are written, and no thread sees one grow. */
export function createArena(memoryBytes: number, onMemory: (memory: WebAssembly.Memory, shard: number) => void): Arena {
  const memories: WebAssembly.Memory[] = [];
  const ends: number[] = [];
  const freed = new Map<string, Region[]>();
  let used = 0;

  const open = (bytes: number): number => {
    const pages = Math.ceil(Math.max(memoryBytes, firstAddress + bytes + reservedBytes) / pageBytes);
    const memory = reserve(pages);
    memories.push(memory);
    ends.push(firstAddress);
    onMemory(memory, memories.length - 1);
    return memories.length - 1;
  };
  const limitOf = (shard: number) => (memories[shard] as WebAssembly.Memory).buffer.byteLength;
  const again = (bytes: number, shard: number): Region | undefined => {
    const region = freed.get(`${shard}/${bytes}`)?.pop();
    if (region) new Uint8Array((memories[shard] as WebAssembly.Memory).buffer, region.address, bytes).fill(0);
    return region;
  };
  const place = (bytes: number, shard: number): Region => {
    const address = ends[shard] as number;
    if (address + bytes > limitOf(shard)) throw outOfMemory();
    ends[shard] = address + bytes;
    return { shard, address, bytes };
  };
  const anywhere = (bytes: number): Region => {
    for (let shard = 0; shard < memories.length; shard++) {
      const region = again(bytes, shard);
      if (region) return region;
    }
    const last = memories.length - 1;
    // Threads need room of their own in every memory.
    const fits = last >= 0 && (ends[last] as number) + bytes + reservedBytes <= limitOf(last);
    return place(bytes, fits ? last : open(bytes));
  };

  return {
    memories,
    get bytes() {
      return used;
    },
    allocate(wanted, shard) {
      const bytes = Math.ceil(wanted / 64) * 64;
      const region = shard === undefined ? anywhere(bytes) : (again(bytes, shard) ?? place(bytes, shard));
      used += bytes;
      return region;
    },
    free(region) {
      used -= region.bytes;
      const key = `${region.shard}/${region.bytes}`;
      const known = freed.get(key);
      if (known) known.push(region);
      else freed.set(key, [region]);
    },
  };
}

function reserve(pages: number): WebAssembly.Memory {
  try {
    return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  } catch (cause) {
    throw outOfMemory(cause);
  }
}

const outOfMemory = (cause?: unknown) =>
  new AffinisError(
    'resource-exhausted',
    '[kernels] no memory is left for the rows of galleries; lower galleries.memoryLimit or use a larger machine',
    { reason: 'OUT_OF_MEMORY', cause },
  );

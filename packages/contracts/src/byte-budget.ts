/** Memory that several streams share. */
export interface ByteBudget {
  /** Takes the bytes, or returns false and takes none. */
  reserve(bytes: number): boolean;
  release(bytes: number): void;
}

export function createByteBudget(maxBytes: number): ByteBudget {
  let reserved = 0;
  return {
    reserve: (bytes) => {
      if (reserved + bytes > maxBytes) return false;
      reserved += bytes;
      return true;
    },
    release: (bytes) => {
      reserved -= bytes;
    },
  };
}

/** When rows of one gallery expire, and which have: those that have are never counted as living again. */
export interface Expiries {
  add(sequence: number, expiresAt: number): void;
  /** True where the row had expired already. */
  delete(sequence: number): boolean;
  /** Rows whose time has come since the last call. */
  due(now: number): readonly number[];
  expired(sequence: number): boolean;
  readonly expiredCount: number;
}

export function createExpiries(): Expiries {
  const pending = new Map<number, number>();
  const past = new Set<number>();
  let next = Number.POSITIVE_INFINITY;
  return {
    add(sequence, expiresAt) {
      pending.set(sequence, expiresAt);
      next = Math.min(next, expiresAt);
    },
    delete(sequence) {
      pending.delete(sequence);
      return past.delete(sequence);
    },
    due(now) {
      if (now < next) return [];
      const due: number[] = [];
      next = Number.POSITIVE_INFINITY;
      for (const [sequence, expiresAt] of pending)
        if (expiresAt <= now) due.push(sequence);
        else next = Math.min(next, expiresAt);
      for (const sequence of due) {
        pending.delete(sequence);
        past.add(sequence);
      }
      return due;
    },
    expired: (sequence) => past.has(sequence),
    get expiredCount() {
      return past.size;
    },
  };
}

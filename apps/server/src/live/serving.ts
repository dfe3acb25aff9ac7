import type { Runtime } from '@affinis/core';

/** The state that is served. It is swapped at once; every item keeps the one that was there at its start. */
export interface Serving {
  /** The state of this moment, for what is done with it at once. */
  readonly current: Runtime;
  /** Runs one item's work, begun at once, with the state of this moment, which stays open until it is done. */
  use<T>(work: (runtime: Runtime) => T | Promise<T>): Promise<T>;
  /** The same for work that gives its answers one by one; begun with the first that is asked for. */
  stream<T>(work: (runtime: Runtime) => AsyncIterable<T>): AsyncIterable<T>;
  /** From now on items take `next`. The state before closes when its last item has ended. */
  swap(next: Runtime): void;
  /** Closes what is served, and waits for states before it that are closing. */
  close(): Promise<void>;
}

/** `onCloseError` is told of a former state that could not be closed. */
export function createServing(first: Runtime, onCloseError: (thrown: unknown) => void): Serving {
  let current = countedOf(first);
  const closing = new Set<Promise<void>>();
  const closeLater = (state: Counted) => {
    const closed = state.runtime
      .close()
      .catch(onCloseError)
      .finally(() => closing.delete(closed));
    closing.add(closed);
  };
  const hold = () => {
    const state = current;
    state.users++;
    return {
      runtime: state.runtime,
      release() {
        if (--state.users === 0 && state.retired) closeLater(state);
      },
    };
  };
  return {
    get current() {
      return current.runtime;
    },
    async use(work) {
      const { runtime, release } = hold();
      try {
        return await work(runtime);
      } finally {
        release();
      }
    },
    async *stream(work) {
      const { runtime, release } = hold();
      try {
        yield* work(runtime);
      } finally {
        release();
      }
    },
    swap(next) {
      const before = current;
      current = countedOf(next);
      before.retired = true;
      if (before.users === 0) closeLater(before);
    },
    async close() {
      await current.runtime.close();
      await Promise.all(closing);
    },
  };
}

interface Counted {
  readonly runtime: Runtime;
  users: number;
  retired: boolean;
}

const countedOf = (runtime: Runtime): Counted => ({ runtime, users: 0, retired: false });

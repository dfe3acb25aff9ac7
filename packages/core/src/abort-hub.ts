/** Something that ends when a signal aborts. */
export interface Abortable {
  onAbort(signal: AbortSignal): void;
}

/**
 * One listener a signal for any number of entries: a call's signal is shared by all of its samples, and Node warns of
 * a leak from the eleventh listener on. The listener goes with the last entry.
 */
export interface AbortHub {
  attach(signal: AbortSignal | undefined, entry: Abortable): void;
  detach(signal: AbortSignal | undefined, entry: Abortable): void;
}

export function createAbortHub(): AbortHub {
  const hubs = new WeakMap<AbortSignal, { readonly entries: Set<Abortable>; listener(): void }>();
  return {
    attach(signal, entry) {
      if (!signal) return;
      const known = hubs.get(signal);
      if (known) {
        known.entries.add(entry);
        return;
      }
      const entries = new Set([entry]);
      const listener = () => {
        hubs.delete(signal);
        for (const each of entries) each.onAbort(signal);
      };
      hubs.set(signal, { entries, listener });
      signal.addEventListener('abort', listener, { once: true });
    },
    detach(signal, entry) {
      const known = signal && hubs.get(signal);
      if (!known?.entries.delete(entry) || known.entries.size > 0) return;
      hubs.delete(signal as AbortSignal);
      signal?.removeEventListener('abort', known.listener);
    },
  };
}

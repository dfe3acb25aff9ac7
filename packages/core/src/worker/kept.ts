/** A map that keeps the `most` values used last: a configuration that is changed again and again leaves none behind. */
export interface Kept<T> {
  get(key: string, make: () => T): T;
  readonly size: number;
}

export function createKept<T>(most: number): Kept<T> {
  const values = new Map<string, T>();
  return {
    get size() {
      return values.size;
    },
    get(key, make) {
      const value = values.get(key) ?? make();
      // Last again in the order of insertion.
      values.delete(key);
      values.set(key, value);
      for (const [oldest] of values) {
        if (values.size <= most) break;
        values.delete(oldest);
      }
      return value;
    },
  };
}

/** Memory that the indices of all galleries share, for choosing between exact rows and quantised ones. */
export interface MemoryBudget {
  /** Whether a gallery's exact rows fit beside what the others hold. */
  fits(gallery: string, bytes: number): boolean;
  hold(gallery: string, mode: 'exact' | 'quantised', bytes: () => number): void;
  /** True for a gallery of exact rows where all together are over the limit. */
  outgrown(gallery: string): boolean;
  release(gallery: string): void;
}

export function createMemoryBudget(limitBytes: number): MemoryBudget {
  const held = new Map<string, { readonly mode: 'exact' | 'quantised'; readonly bytes: () => number }>();
  const total = (without?: string) =>
    [...held].reduce((sum, [name, { bytes }]) => (name === without ? sum : sum + bytes()), 0);
  return {
    fits: (gallery, bytes) => total(gallery) + bytes <= limitBytes,
    hold: (gallery, mode, bytes) => void held.set(gallery, { mode, bytes }),
    outgrown: (gallery) => held.get(gallery)?.mode === 'exact' && total() > limitBytes,
    release: (gallery) => void held.delete(gallery),
  };
}

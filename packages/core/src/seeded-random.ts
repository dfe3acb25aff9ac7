/** Random numbers that are the same for the same seed everywhere; for sampling, not for secrets. */
export interface SeededRandom {
  /** In [0, 1). */
  uniform(): number;
  /** In [low, high). */
  between(low: number, high: number): number;
  /** A whole number, 0 … count - 1. */
  integer(count: number): number;
  /** Normally distributed, mean 0, standard deviation 1. */
  gaussian(): number;
}

const { imul, log, sqrt } = Math;

/** Mulberry32. `seed`: a whole number, 0 to 2^32 - 1. */
export function createSeededRandom(seed: number): SeededRandom {
  let state = seed | 0;
  let spare: number | undefined;
  const uniform = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    uniform,
    between: (low, high) => low + (high - low) * uniform(),
    integer: (count) => Math.floor(uniform() * count),
    gaussian() {
      // Marsaglia's polar method makes two at once, and is the faster for it: a noisy crop takes 67,500.
      if (spare !== undefined) {
        const kept = spare;
        spare = undefined;
        return kept;
      }
      for (;;) {
        const x = 2 * uniform() - 1;
        const y = 2 * uniform() - 1;
        const square = x * x + y * y;
        if (square >= 1 || square === 0) continue;
        const scale = sqrt((-2 * log(square)) / square);
        spare = y * scale;
        return x * scale;
      }
    },
  };
}

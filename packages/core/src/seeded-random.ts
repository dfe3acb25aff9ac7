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

/** Mulberry32. `seed`: a whole number, 0 to 2^32 - 1. */
export function createSeededRandom(seed: number): SeededRandom {
  let state = seed >>> 0;
  const uniform = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    uniform,
    between: (low, high) => low + (high - low) * uniform(),
    integer: (count) => Math.floor(uniform() * count),
    // Box and Muller; 1 - u keeps the logarithm finite.
    gaussian: () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
  };
}

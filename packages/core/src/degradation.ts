/**
 * Makes a sample worse on purpose, for fitting and testing uncertainty. `recipe` is `mixed` (each copy its own kinds and
 * severity, a third left clean), `any` (one to three kinds, severity uniform), or `KIND` or `KIND:SEVERITY` (0..1) of
 * the modality's own kinds. The same sample, recipe and seed give the same copy.
 */
export interface Degradation {
  readonly recipe: string;
  /** A whole number, 0 to 2^32 - 1. */
  readonly seed: number;
}

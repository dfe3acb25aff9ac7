import { AffinisError } from './errors.ts';
import { createSeededRandom, type SeededRandom } from './seeded-random.ts';

/**
 * Makes a sample worse on purpose, for fitting and testing uncertainty. `recipe` is `mixed` (each copy its own kinds and
 * severity, a third left clean), `any` (one to three kinds, severity uniform), `unseen` (the same with kinds that are
 * kept out of `any`), or `KIND` or `KIND:SEVERITY` (0..1). The same sample, recipe and seed give the same copy.
 */
export interface Degradation {
  readonly recipe: string;
  /** A whole number, 0 to 2^32 - 1. */
  readonly seed: number;
}

/** What a modality can do to a sample, in the order in which it happens on the way to a recording. */
export interface DegradationKind<T> {
  readonly name: string;
  /** Whether `any` and `mixed` use it, or `unseen`. */
  readonly seen: boolean;
  /** `severity`: 0 (hardly noticeable) to 1 (hardly usable). */
  apply(sample: T, severity: number, random: SeededRandom): T | Promise<T>;
}

/** Applies what the recipe says; throws `invalid-argument` naming the recipes there are. */
export async function degradeBy<T>(
  kinds: readonly DegradationKind<T>[],
  sample: T,
  { recipe, seed }: Degradation,
): Promise<T> {
  const random = createSeededRandom(seed);
  let degraded = sample;
  for (const { kind, severity } of planOf(kinds, recipe, random))
    degraded = await kind.apply(degraded, severity, random);
  return degraded;
}

interface Step<T> {
  readonly kind: DegradationKind<T>;
  readonly severity: number;
}

const cleanShare = 1 / 3;

function planOf<T>(kinds: readonly DegradationKind<T>[], recipe: string, random: SeededRandom): Step<T>[] {
  switch (recipe) {
    case 'mixed':
      return random.uniform() < cleanShare
        ? []
        : drawn(
            kinds.filter(({ seen }) => seen),
            random,
          );
    case 'any':
      return drawn(
        kinds.filter(({ seen }) => seen),
        random,
      );
    case 'unseen':
      return drawn(
        kinds.filter(({ seen }) => !seen),
        random,
      );
    default:
      return [named(kinds, recipe, random)];
  }
}

/** One to three kinds, of about one severity, in the order of `kinds`. */
function drawn<T>(kinds: readonly DegradationKind<T>[], random: SeededRandom): Step<T>[] {
  const severity = random.uniform();
  const wanted = 1 + (random.uniform() < 0.45 ? 1 : 0) + (random.uniform() < 0.15 ? 1 : 0);
  const rest = kinds.map((_, index) => index);
  const chosen = Array.from(
    { length: Math.min(wanted, kinds.length) },
    () => rest.splice(random.integer(rest.length), 1)[0] as number,
  );
  return chosen
    .sort((a, b) => a - b)
    .map((index) => ({ kind: kinds[index] as DegradationKind<T>, severity: severity * random.between(0.6, 1) }));
}

function named<T>(kinds: readonly DegradationKind<T>[], recipe: string, random: SeededRandom): Step<T> {
  const [name, written] = recipe.split(':');
  const kind = kinds.find((candidate) => candidate.name === name);
  const severity = written === undefined ? random.uniform() : Number(written || Number.NaN);
  if (kind && severity >= 0 && severity <= 1) return { kind, severity };
  throw new AffinisError(
    'invalid-argument',
    `[core] no degradation "${recipe}"; write mixed, any, unseen, or one of ${kinds.map((known) => known.name).join(', ')}, with :0 to :1 behind it if you like`,
    { field: 'degrade', reason: 'NO_DEGRADATION' },
  );
}

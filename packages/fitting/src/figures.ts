import {
  bootstrapWeights,
  countOf,
  eerOf,
  interval,
  neededImpostors,
  type Ranking,
  type Roc,
  rankTrials,
  rocOf,
  type Trials,
  tarAtFar,
} from '@affinis/evaluation';

/** Rates in 0..1; null where there are too few impostor pairs to tell. */
export interface Figures {
  readonly eer: number;
  readonly tarAt1e2: number | null;
  readonly tarAt1e3: number | null;
}

export type FigureName = keyof Figures;

/** What a scorer has more than the baseline, with the 95 % interval of a bootstrap over subjects. */
export interface Difference {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

export type Differences = Readonly<Record<FigureName, Difference | null>>;

export interface Judged {
  readonly scorer: string;
  readonly figures: Figures;
  /** Absent for the baseline. */
  readonly overBaseline?: Differences;
}

export function figuresOf(trials: Trials): Figures {
  return figuresAt(rocOf(rankTrials(trials)), countOf(trials.same, 0));
}

function figuresAt(roc: Roc, impostors: number): Figures {
  const tar = (far: number) => (impostors < neededImpostors(far) ? null : tarAtFar(roc, far).tar);
  return { eer: eerOf(roc), tarAt1e2: tar(1e-2), tarAt1e3: tar(1e-3) };
}

/** One fold's pairs and what each scorer, of the same names in every fold, gives them. */
export interface ScoredFold {
  readonly pairs: Omit<Trials, 'scores'>;
  readonly scores: ReadonlyMap<string, Float64Array>;
}

/**
 * Figures of several scorers of the same pairs, averaged over folds, and how they differ from the first scorer's on the
 * same draws of subjects. Not pooled: each fold has a head and constants of its own, whose scores share no threshold.
 * `pause` is called between draws.
 */
export async function judge(
  folds: readonly ScoredFold[],
  { draws, seed, pause }: { readonly draws: number; readonly seed: number; readonly pause: () => Promise<void> },
): Promise<Judged[]> {
  const ranked = folds.map(({ pairs, scores }) => rankAll(pairs, scores));
  const scorers = [...(folds[0]?.scores.keys() ?? [])];
  const averages = (weights?: readonly Float64Array[]) =>
    scorers.map((scorer) => average(ranked.map((fold, index) => fold(scorer, weights?.[index]))));
  const figures = averages();
  const drawn: Figures[][] = [];
  const sources = folds.map(({ pairs }, index) =>
    bootstrapWeights({ ...pairs, scores: new Float64Array(0) }, { draws, seed: seed + index }),
  );
  for (let draw = 0; draw < draws; draw++) {
    await pause();
    drawn.push(averages(sources.map((source) => source.next().value as Float64Array)));
  }
  return scorers.map((scorer, index) => ({
    scorer,
    figures: figures[index] as Figures,
    ...(index === 0 ? {} : { overBaseline: differences([figures, ...drawn], index) }),
  }));
}

/** Figures of one fold by scorer, under weights of its pairs. */
function rankAll(pairs: ScoredFold['pairs'], scores: ScoredFold['scores']) {
  const impostors = countOf(pairs.same, 0);
  const rankings = new Map<string, Ranking>();
  for (const [scorer, values] of scores) rankings.set(scorer, rankTrials({ ...pairs, scores: values }));
  return (scorer: string, weights?: Float64Array): Figures =>
    figuresAt(rocOf(rankings.get(scorer) as Ranking, weights), impostors);
}

function average(folds: readonly Figures[]): Figures {
  const mean = (of: (figures: Figures) => number) => folds.reduce((sum, fold) => sum + of(fold), 0) / folds.length;
  const rate = (name: 'tarAt1e2' | 'tarAt1e3') =>
    folds.some((fold) => fold[name] === null) ? null : mean((fold) => fold[name] ?? 0);
  return { eer: mean(({ eer }) => eer), tarAt1e2: rate('tarAt1e2'), tarAt1e3: rate('tarAt1e3') };
}

/** Of a scorer from the first; `rounds` are the figures as they are, then those of each draw. */
function differences([own, ...drawn]: readonly (readonly Figures[])[], scorer: number): Differences {
  const of = (name: FigureName, figures: readonly Figures[] | undefined): number =>
    (figures?.[scorer]?.[name] ?? Number.NaN) - (figures?.[0]?.[name] ?? Number.NaN);
  const difference = (name: FigureName): Difference | null => {
    const value = of(name, own);
    if (Number.isNaN(value)) return null;
    return { value, ...interval(drawn.map((figures) => of(name, figures))) };
  };
  return { eer: difference('eer'), tarAt1e2: difference('tarAt1e2'), tarAt1e3: difference('tarAt1e3') };
}

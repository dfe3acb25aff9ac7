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
export const figureNames: readonly FigureName[] = ['eer', 'tarAt1e2', 'tarAt1e3'];

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

/**
 * Figures of several scorers of the same pairs, and how they differ from the first on the same draws of subjects.
 * `pause` is called between draws.
 */
export async function judge(
  pairs: Omit<Trials, 'scores'>,
  scores: ReadonlyMap<string, Float64Array>,
  { draws, seed, pause }: { readonly draws: number; readonly seed: number; readonly pause: () => Promise<void> },
): Promise<Judged[]> {
  const impostors = countOf(pairs.same, 0);
  const rankings = new Map<string, Ranking>();
  for (const [scorer, values] of scores) rankings.set(scorer, rankTrials({ ...pairs, scores: values }));
  const figures = new Map([...rankings].map(([scorer, ranking]) => [scorer, figuresAt(rocOf(ranking), impostors)]));
  const drawn = new Map([...scores.keys()].map((scorer) => [scorer, [] as Figures[]]));
  for (const weights of bootstrapWeights({ ...pairs, scores: new Float64Array(0) }, { draws, seed })) {
    await pause();
    for (const [scorer, ranking] of rankings) drawn.get(scorer)?.push(figuresAt(rocOf(ranking, weights), impostors));
  }
  const [baseline = ''] = scores.keys();
  return [...figures].map(([scorer, own]) => ({
    scorer,
    figures: own,
    ...(scorer === baseline
      ? {}
      : { overBaseline: differences(own, figures.get(baseline), drawn.get(scorer), drawn.get(baseline)) }),
  }));
}

function differences(
  own: Figures,
  baseline: Figures = own,
  drawnOwn: readonly Figures[] = [],
  drawnBaseline: readonly Figures[] = [],
): Differences {
  const difference = (name: FigureName): Difference | null => {
    const [a, b] = [own[name], baseline[name]];
    if (a === null || b === null) return null;
    const values = drawnOwn.map((figures, draw) => (figures[name] ?? Number.NaN) - (drawnBaseline[draw]?.[name] ?? 0));
    return { value: a - b, ...interval(values) };
  };
  return { eer: difference('eer'), tarAt1e2: difference('tarAt1e2'), tarAt1e3: difference('tarAt1e3') };
}

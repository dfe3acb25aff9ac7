import type { Candidate, RowIndexOptions, ScanForm } from '@affinis/core';
import { expectedCosts } from './code-terms.ts';
import type { CodedSet } from './coded-rows.ts';
import { candidates, createExactRows } from './exact-rows.ts';
import type { Executor } from './executor.ts';
import type { Found } from './protocol.ts';
import type { Search } from './rows.ts';
import { scratchBytes } from './scratch.ts';

/** Finds by codes what comes near, and scores that exactly. */
export interface Shortlister {
  search(search: Search): Promise<(readonly Candidate[])[]>;
}

/** Rows that are scored exactly for one that is wanted, and at least. */
const perWanted = 6;
const atLeast = 96;
const atMost = 8192;
/** A code's score is off by no more than so many of its standard deviations. */
const deviations = 4;
const marginDeviations = 6;

/**
 * The first pass ranks by codes and keeps a shortlist. The exact scores of the shortlist tell how far off codes are: mean
 * and deviation. What was left out could reach the wanted only by being off further than `deviations`; where even that
 * would do, the shortlist is made longer and the pass repeated.
 */
export function createShortlister(executor: Executor, coded: CodedSet, options: RowIndexOptions): Shortlister {
  /** By form: deviation of codes' scores from exact ones, over what a row costs that query on average. */
  const deviationOf = new Map<ScanForm, number>();
  const scoreExactly = createExactScorer(executor, coded, options);

  const pass = (search: Search, k: number, margins: Float64Array): Promise<readonly Found[]> => {
    const { form, queries } = search;
    const { set, parameters, varianceScale } = coded;
    if (search.allowed) set.allow(search.allowed);
    const nearestK = Math.min(search.k, k);
    return executor.scan(
      {
        kind: 'scan',
        set: set.id,
        total: set.total,
        form: executor.form(form),
        means: queries.means,
        variances: queries.variances ?? new Float32Array(0),
        varianceKind: queries.varianceKind,
        count: queries.count,
        k,
        allowed: search.allowed !== undefined,
        wide: false,
        varianceScale,
        codes: { parameters, nearestK, margins },
      },
      scratchBytes({ stride: set.layout.stride, count: queries.count, k, nearestK }),
    );
  };

  /** By query, what a row costs on average. */
  const costsOf = ({ form, queries: { means, variances = new Float32Array(0), varianceKind, count } }: Search) => {
    const { parameters, varianceScale } = coded;
    const queries = { means, variances, varianceKind, count, varianceScale };
    return Float64Array.from(
      { length: count },
      (_, q) => expectedCosts(queries, q, form, parameters).reduce((sum, cost) => sum + cost, 0) || 1,
    );
  };

  return {
    async search(search) {
      const found: (readonly Candidate[] | undefined)[] = Array.from({ length: search.queries.count });
      const costs = costsOf(search);
      let k = Math.min(coded.set.total, Math.max(atLeast, perWanted * search.k));
      let times = marginDeviations;
      for (;;) {
        const known = deviationOf.get(search.form) ?? Number.POSITIVE_INFINITY;
        const margins = costs.map((cost) => times * known * cost);
        const shortlists = await pass(search, k, margins);
        for (const [q, shortlist] of shortlists.entries()) {
          if (found[q]) continue;
          const scored = await scoreExactly(search, q, shortlist);
          const { mean, deviation } = errorsOf(scored);
          const relative = deviation / (costs[q] as number);
          if (relative > 0) deviationOf.set(search.form, Math.max(relative, 0.9 * (deviationOf.get(search.form) ?? 0)));
          const wanted = scored.best[search.k - 1]?.score ?? Number.NEGATIVE_INFINITY;
          const nearest = shortlist.scores[search.k - 1] ?? Number.NEGATIVE_INFINITY;
          const last = shortlist.scores[k - 1] ?? Number.NEGATIVE_INFINITY;
          const leftOut = Math.max(last, nearest - (margins[q] as number));
          const sure = wanted >= leftOut - mean + deviations * deviation;
          if (sure || k >= Math.min(atMost, coded.set.total)) found[q] = scored.best.slice(0, search.k);
        }
        if (found.every(Boolean)) return found.map((each) => each ?? []);
        k = Math.min(coded.set.total, 4 * k);
        times *= 2;
      }
    },
  };
}

interface Scored {
  /** Best first. */
  readonly best: readonly Candidate[];
  /** What codes said less what is exact. */
  readonly errors: readonly number[];
}

function errorsOf({ errors }: Scored): { mean: number; deviation: number } {
  if (errors.length === 0) return { mean: 0, deviation: 0 };
  const mean = errors.reduce((sum, error) => sum + error, 0) / errors.length;
  const squares = errors.reduce((sum, error) => sum + (error - mean) ** 2, 0);
  return { mean, deviation: Math.sqrt(squares / errors.length) };
}

/** Scores a query against the rows of its shortlist, read from the store, in the caller's thread. */
function createExactScorer(executor: Executor, coded: CodedSet, options: RowIndexOptions) {
  const { set, varianceScale } = coded;
  const { dimension, varianceKind, readRow } = options;
  const width = varianceKind === 'none' ? 0 : varianceKind === 'scalar' ? 1 : dimension;
  const rows = createExactRows(executor, options, varianceScale);
  return async ({ form, queries }: Search, q: number, { scores, slots }: Found): Promise<Scored> => {
    const means = new Float32Array(slots.length * dimension);
    const variances = new Float32Array(slots.length * width);
    const sequences: number[] = [];
    const approximate = new Map<number, number>();
    for (const [at, slot] of slots.entries()) {
      const row = sequences.length;
      const sequence = set.sequenceAt(slot);
      const mean = means.subarray(row * dimension, (row + 1) * dimension);
      if (!readRow?.(sequence, mean, variances.subarray(row * width, (row + 1) * width))) continue;
      sequences.push(sequence);
      approximate.set(sequence, scores[at] as number);
    }
    const count = sequences.length;
    const block = { dimension, means, variances, varianceKind, unitNorm: false, start: 0, count };
    rows.replace(block, sequences, coded.wide);
    const [found] = await rows.scan({ form, queries: only(queries, q), k: count }, true);
    const best = found ? candidates(rows.set, found.scores, found.slots) : [];
    return { best, errors: best.map(({ sequence, score }) => (approximate.get(sequence) as number) - score) };
  };
}

/** One query as a block of its own. */
function only(queries: Search['queries'], q: number): Search['queries'] {
  const { dimension, varianceKind } = queries;
  const width = varianceKind === 'none' ? 0 : varianceKind === 'scalar' ? 1 : dimension;
  return {
    ...queries,
    means: queries.means.subarray(q * dimension, (q + 1) * dimension),
    variances: (queries.variances ?? new Float32Array(0)).subarray(q * width, (q + 1) * width),
    start: 0,
    count: 1,
  };
}

import { AffinisError, type ScanForm } from '@affinis/core';
import type { CodeParameters, ScanTask } from './protocol.ts';

export const codes = 16;

/** What queries are, as tasks carry them. */
export type TermQueries = Pick<ScanTask, 'means' | 'variances' | 'varianceKind' | 'count' | 'varianceScale'>;

/** A row's part of the score in one dimension, `-(curvature (y - peak)² + cost)`, for one code of its variance. */
export interface Term {
  curvature: number;
  peak: number;
  cost: number;
}

/** The parts of one query in all dimensions: float64[D, 16] each. */
export interface Terms {
  readonly curvature: Float64Array;
  readonly peak: Float64Array;
  readonly cost: Float64Array;
  readonly constant: number;
  /** The best mean depends on the row's variance. */
  readonly moving: boolean;
}

export function termsOf(queries: TermQueries, q: number, form: ScanForm, parameters: CodeParameters): Terms {
  const dimension = parameters.centres.length;
  const length = dimension * codes;
  const curvature = new Float64Array(length);
  const peak = new Float64Array(length);
  const cost = new Float64Array(length);
  const write = termWriter(queries, q, form, parameters);
  for (let d = 0; d < dimension; d++)
    for (let c = 0; c < codes; c++) {
      const term = write(d, c);
      const at = d * codes + c;
      curvature[at] = term.curvature;
      peak[at] = term.peak;
      cost[at] = term.cost;
    }
  const constant = form.kind === 'mls' ? -(dimension / 2) * Math.log(2 * Math.PI) : form.kind === 'cosine' ? 1 : 0;
  return { curvature, peak, cost, constant, moving: form.kind === 'mls-llr' };
}

/** float64[D]: what any row is expected to cost a query, by dimension. */
export function expectedCosts(
  queries: TermQueries,
  q: number,
  form: ScanForm,
  parameters: CodeParameters,
): Float64Array {
  const { centres, deviations } = parameters;
  const write = termWriter(queries, q, form, parameters);
  return Float64Array.from(centres, (centre, d) => {
    const least = Math.min(write(d, 0).cost, write(d, codes - 1).cost);
    const { curvature, peak, cost } = write(d, codes / 2);
    const square = (deviations[d] as number) ** 2 + (centre - peak) ** 2;
    return curvature * square + Math.max(0, cost - least);
  });
}

/** Gives one object again and again. */
type TermWriter = (d: number, c: number) => Term;

function termWriter(queries: TermQueries, q: number, form: ScanForm, parameters: CodeParameters): TermWriter {
  const { means, variances, varianceKind, varianceScale } = queries;
  const dimension = parameters.centres.length;
  const levels = levelsOf(parameters);
  const term: Term = { curvature: 0, peak: 0, cost: 0 };
  const write = formWriter(form);
  return (d, c) => {
    const v = variances[varianceKind === 'scalar' ? q : q * dimension + d] ?? 0;
    write(term, d, means[q * dimension + d] as number, v, (levels[d * codes + c] as number) / varianceScale);
    return term;
  };
}

type FormWriter = (term: Term, d: number, x: number, v1: number, v2: number) => void;

function formWriter(form: ScanForm): FormWriter {
  switch (form.kind) {
    case 'cosine':
      return pointWriter(0.5);
    case 'euclidean':
      return pointWriter(1);
    case 'mls':
      return (term, _, x, v1, v2) => {
        term.curvature = 0.5 / (v1 + v2);
        term.peak = x;
        term.cost = 0.5 * Math.log(v1 + v2);
      };
    case 'mls-llr':
      return (term, d, query, v1, v2) => {
        const m = form.mean[d] as number;
        const b = form.between[d] as number;
        const x = query - m;
        const p = b + v1;
        const q = b + v2;
        const det = b * (v1 + v2) + v1 * v2;
        term.curvature = (b * b) / (2 * det * q);
        // Where the ratio is highest: what is rarer than the query is better evidence than the query itself.
        const best = (x * q) / b;
        term.peak = best + m;
        term.cost =
          -(b / (2 * det)) * ((x * x * v1) / p + (best * best * v2) / q - (x - best) ** 2) -
          0.5 * Math.log((p * q) / det);
      };
    case 'dot':
      throw new AffinisError('internal', '[kernels] codes cannot rank by dot');
  }
}

const pointWriter =
  (curvature: number): FormWriter =>
  (term, _, x) => {
    term.curvature = curvature;
    term.peak = x;
    term.cost = 0;
  };

const knownLevels = new WeakMap<CodeParameters, Float32Array>();

/** float32[D, 16]: the scaled variance of each code. Computed once for a set of parameters. */
function levelsOf(parameters: CodeParameters): Float32Array {
  const known = knownLevels.get(parameters);
  if (known) return known;
  const { varianceBits, varianceSteps } = parameters;
  const bits = Int32Array.from({ length: varianceBits.length * codes }, (_, at) =>
    Math.round((varianceBits[at >> 4] as number) + (at & 15) * (varianceSteps[at >> 4] as number)),
  );
  const levels = new Float32Array(bits.buffer);
  knownLevels.set(parameters, levels);
  return levels;
}

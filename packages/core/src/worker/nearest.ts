import type { EmbeddingBlock, Metric, MetricTraits } from '../metric.ts';

export interface NearestTask {
  readonly queries: EmbeddingBlock;
  readonly references: EmbeddingBlock;
  readonly alive: Uint8Array;
  readonly k: number;
}

/** Scores a block and keeps the `k` best living rows of each query; scores that are not finite are left out. */
export function nearestRows(metric: Metric, task: NearestTask) {
  const scores = new Float64Array(task.queries.count * task.references.count);
  metric.scoreBlock(task.queries, task.references, scores);
  return bestRows(metric, scores, task);
}

/** The same from `scores`, float64[Q, R]. */
export function bestRows(
  { polarity }: MetricTraits,
  scores: Float64Array,
  { queries, references: { count }, alive, k }: NearestTask,
): { readonly rows: Int32Array<ArrayBuffer>; readonly scores: Float64Array<ArrayBuffer> } {
  const sign = polarity === 'similarity' ? 1 : -1;
  const best = { rows: new Int32Array(queries.count * k).fill(-1), scores: new Float64Array(queries.count * k) };
  for (let query = 0; query < queries.count; query++) {
    const end = (query + 1) * k;
    let filled = query * k;
    for (let row = 0; row < count; row++) {
      const score = scores[query * count + row] as number;
      if (alive[row] === 0 || !Number.isFinite(score)) continue;
      if (filled === end && sign * score <= sign * (best.scores[end - 1] as number)) continue;
      if (filled < end) filled++;
      insert(best, query * k, filled - 1, row, score, sign);
    }
  }
  return best;
}

/** Puts a row in its place among those from `first` to `last`; the last one falls out or is free. */
function insert(
  best: { readonly rows: Int32Array; readonly scores: Float64Array },
  first: number,
  last: number,
  row: number,
  score: number,
  sign: number,
): void {
  let place = last;
  for (; place > first && sign * (best.scores[place - 1] as number) < sign * score; place--) {
    best.scores[place] = best.scores[place - 1] as number;
    best.rows[place] = best.rows[place - 1] as number;
  }
  best.scores[place] = score;
  best.rows[place] = row;
}

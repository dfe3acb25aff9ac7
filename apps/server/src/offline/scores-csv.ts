import type { Dataset } from './dataset.ts';
import { judge, type ScoredPipeline } from './evaluate-pipelines.ts';

/** Every pair of every pipeline, with the reason in place of a score where a side could not be embedded. */
export function scoresCsv(scored: readonly ScoredPipeline[], dataset: Dataset): string {
  const lines = ['pipeline,left,right,same,score,llr,fmr,decision,reason'];
  for (const { pipeline, scored: pairs } of scored) {
    const { assessments } = judge(pipeline, pairs);
    const places = new Map([...pairs.rows].map((row, at) => [row, at]));
    for (const [row, label] of dataset.labels.entries()) {
      const [left, right] = [dataset.left[row] as number, dataset.right[row] as number];
      const at = places.get(row);
      const { decision = '', calibrated = undefined } = at === undefined ? {} : (assessments[at] ?? {});
      const score = at === undefined ? '' : pairs.scores[at];
      const reason = at === undefined ? pairs.reasons[left] || pairs.reasons[right] : '';
      const sides = [left, right].map((side) => quoted(namesOf(dataset, side)));
      lines.push(
        [pipeline.name, ...sides, label, score, calibrated?.llr ?? '', calibrated?.fmr ?? '', decision, reason].join(
          ',',
        ),
      );
    }
  }
  return `${lines.join('\n')}\n`;
}

const namesOf = ({ samples, sides }: Dataset, side: number): string =>
  (sides[side] ?? []).map((sample) => samples[sample]).join('|');

const quoted = (text: string): string => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

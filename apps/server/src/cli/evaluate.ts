import type { Degradation, Embedding, Result, Runtime, SinglePipeline } from '@affinis/core';
import { pearson, spearman } from '@affinis/evaluation';
import type { Command } from 'commander';
import { loadConfig } from '../composition.ts';
import { type Dataset, readDataset } from '../offline/dataset.ts';
import { embedAll } from '../offline/embed-all.ts';
import {
  differenceOf,
  type PipelineDifference,
  type PipelineReport,
  reportOf,
  type ScoredPipeline,
} from '../offline/evaluate-pipelines.ts';
import { withPipelines } from '../offline/runtime-for.ts';
import { scorePairs } from '../offline/score-pairs.ts';
import { scoresCsv } from '../offline/scores-csv.ts';
import { writeWhole } from '../offline/write-file.ts';
import { addDataOptions, type DataOptions, wholeNumber } from './data-options.ts';
import { createProgress } from './progress.ts';

interface EvaluateOptions extends DataOptions {
  readonly config?: string;
  readonly pipeline: readonly string[];
  readonly target: string;
  readonly degrade?: string;
  readonly draws: string;
  readonly json?: string;
  readonly scores?: string;
}

export function addEvaluate(program: Command): void {
  addDataOptions(
    program.command('evaluate').description('how good are pipelines on labelled data, and which is better?'),
  )
    .requiredOption(
      '--pipeline <name>',
      'pipeline to evaluate; repeat to compare with the first',
      (name: string, names: readonly string[] = []) => [...names, name],
    )
    .option('-c, --config <file>', 'configuration (default: affinis.yaml here, or none)')
    .option('--target <column>', 'column of --pairs with graded labels: correlations instead of error rates', 'same')
    .option('--degrade <recipe>', 'make samples worse on the fly: mixed, any, unseen, KIND or KIND:SEVERITY')
    .option('--draws <n>', 'bootstrap draws of subjects for the intervals', '1000')
    .option('--json <file>', 'write the report; "-" prints it')
    .option('--scores <file>', 'write every pair’s scores: pipeline,left,right,same,score,llr,fmr,decision,reason')
    .addHelpText(
      'after',
      `
Embeddings are kept by content in the cache (AFFINIS_CACHE), so that a second run does not embed again.

Examples:
  affinis evaluate --pipeline face-cosine --pipeline face-euclidean --labels people.csv
  affinis evaluate --pipeline face --pairs pairs.csv --root photos --json report.json --scores scores.csv
  affinis evaluate --pipeline text --pairs sts.csv --text --target score`,
    )
    .action(evaluate);
}

async function evaluate(options: EvaluateOptions): Promise<void> {
  const seed = wholeNumber(options.seed, 'seed', 0);
  const draws = wholeNumber(options.draws, 'draws', 1);
  const dataset = await readDataset({ ...options, impostors: wholeNumber(options.impostors, 'impostors', 1), seed });
  const degradation = options.degrade === undefined ? undefined : { recipe: options.degrade, seed };
  await withPipelines(loadConfig(options.config), options.pipeline, async (runtime, pipelines) => {
    const scored = await scoreAll(runtime, pipelines, dataset, degradation);
    const data = { sha256: dataset.sha256, description: dataset.description, degrade: options.degrade ?? null, seed };
    const report =
      options.target === 'same'
        ? { data, ...binaryReport(scored, dataset, { draws, seed }) }
        : { data, pipelines: scored.map((one) => gradedReport(one, dataset)) };
    if (options.scores !== undefined) await writeWhole(options.scores, scoresCsv(scored, dataset));
    if (options.json === '-') console.log(JSON.stringify(report));
    else {
      if (options.json !== undefined) await writeWhole(options.json, `${JSON.stringify(report, null, 2)}\n`);
      for (const line of 'differences' in report
        ? linesOf(report.pipelines, report.differences)
        : report.pipelines.map(gradedLine))
        console.log(line);
    }
  });
}

/** Each embedder embeds the samples once, whatever the number of its pipelines. */
async function scoreAll(
  runtime: Runtime,
  pipelines: readonly SinglePipeline[],
  dataset: Dataset,
  degradation: Degradation | undefined,
): Promise<ScoredPipeline[]> {
  const embedded = new Map<string, readonly Result<Embedding>[]>();
  const scored: ScoredPipeline[] = [];
  for (const pipeline of pipelines) {
    const embedder = pipeline.embedder.name;
    const progress = createProgress(`${embedder}: embedded`, dataset.samples.length);
    const { samples, text } = dataset;
    const embeddings =
      embedded.get(embedder) ??
      (await embedAll({ runtime, embedder, samples, text, degradation, onProgress: progress.tick }));
    progress.done();
    embedded.set(embedder, embeddings);
    scored.push({ pipeline, scored: await scorePairs(pipeline, dataset, embeddings) });
  }
  return scored;
}

function binaryReport(scored: readonly ScoredPipeline[], dataset: Dataset, options: { draws: number; seed: number }) {
  const [first, ...others] = scored;
  return {
    pipelines: scored.map((one) => reportOf(one, dataset, options)),
    differences: first ? others.map((other) => differenceOf(first, other, dataset, options)) : [],
  };
}

function gradedReport({ pipeline, scored }: ScoredPipeline, dataset: Dataset) {
  const sign = pipeline.metric.polarity === 'similarity' ? 1 : -1;
  const scores = scored.scores.map((score) => sign * score);
  const grades = Float64Array.from(scored.rows, (row) => dataset.labels[row] as number);
  return {
    pipeline: pipeline.name,
    pairs: scores.length,
    failedSamples: scored.failedSamples,
    failures: Object.fromEntries(scored.failures),
    spearman: spearman(scores, grades),
    pearson: pearson(scores, grades),
  };
}

const gradedLine = ({
  pipeline,
  pairs,
  spearman: rank,
  pearson: linear,
  failedSamples,
}: ReturnType<typeof gradedReport>): string =>
  `${pipeline}: Spearman ${rank.toFixed(4)}, Pearson ${linear.toFixed(4)} on ${pairs} pairs; ${failedSamples} samples failed`;

function linesOf(pipelines: readonly PipelineReport[], differences: readonly PipelineDifference[]): string[] {
  const percent = (value: number) => `${(100 * value).toFixed(2)} %`;
  const tar = (report: PipelineReport, rate: string) => {
    const at = report.tarAtFar[rate];
    return at?.tar == null ? '-' : percent(at.tar);
  };
  const lines = pipelines.map((report) => {
    const { pipeline, pairs, eer, minCllr, cllr, failedSamples } = report;
    return `${pipeline}: EER ${percent(eer)}, TAR at FAR 1e-2 ${tar(report, '1e-2')}, 1e-3 ${tar(report, '1e-3')}, 1e-4 ${tar(report, '1e-4')}, minCllr ${minCllr.toFixed(3)}${cllr === null ? '' : `, Cllr ${cllr.toFixed(3)}`} on ${pairs.genuine} genuine and ${pairs.impostor} impostor pairs; ${failedSamples} samples failed`;
  });
  for (const { first, second, rankEquivalent, differences: figures } of differences) {
    if (rankEquivalent) lines.push(`${second} ranks every pair as ${first} does: they cannot differ`);
    else
      for (const [name, { value, low, high }] of Object.entries(figures))
        lines.push(
          `${second} - ${first}, ${name}: ${(100 * value).toFixed(2)} points [${(100 * low).toFixed(2)}, ${(100 * high).toFixed(2)}]`,
        );
  }
  return lines;
}

import { resolve } from 'node:path';
import { AffinisError, float32, type Runtime, type SinglePipeline, serialiseTwoCovariance } from '@affinis/core';
import { diagonalOf, fitTwoCovariance, type TwoCovarianceFit, withinWhitening } from '@affinis/fitting';
import { Argument, type Command } from 'commander';
import { loadConfig } from '../composition.ts';
import { digestOf } from '../offline/dataset.ts';
import { embedAll } from '../offline/embed-all.ts';
import { type LabelledEmbeddings, labelledEmbeddings } from '../offline/labelled-embeddings.ts';
import { readLabels } from '../offline/labelled-samples.ts';
import { npyBytes } from '../offline/npy.ts';
import { withPipelines } from '../offline/runtime-for.ts';
import { writeWhole } from '../offline/write-file.ts';
import { wholeNumber } from './data-options.ts';
import { createProgress } from './progress.ts';

const kinds = ['plda', 'plda-diagonal', 'mahalanobis'] as const;
type Kind = (typeof kinds)[number];

interface FitMetricOptions {
  readonly pipeline: string;
  readonly labels: string;
  readonly root?: string;
  readonly text?: boolean;
  readonly config?: string;
  readonly iterations: string;
  readonly shrinkage: string;
  readonly seed: string;
  readonly output: string;
  readonly json?: boolean;
}

export function addFitMetric(program: Command): void {
  program
    .command('fit-metric')
    .description('learn a metric from labelled samples: PLDA, or a Mahalanobis distance')
    .addArgument(new Argument('<kind>', 'the metric that reads what is written').choices(kinds))
    .requiredOption('--pipeline <name>', 'pipeline whose embedder is asked')
    .requiredOption('--labels <csv>', 'labelled samples: path,subject; with --text: text,subject')
    .requiredOption('-o, --output <file>', 'file to write: JSON, of mahalanobis a NumPy file')
    .option('--root <dir>', 'folder that paths are relative to (default: the folder of --labels)')
    .option('--text', 'samples are sentences, not files')
    .option('-c, --config <file>', 'configuration (default: affinis.yaml here, or none)')
    .option('--shrinkage <share>', 'how far covariances are drawn to their diagonals, 0 to 1; auto tries', 'auto')
    .option('--iterations <n>', 'steps of expectation-maximisation', '10')
    .option('--seed <n>', 'of the folds that auto tries on', '1')
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      `
Takes seconds to minutes. Judge the metric on people that --labels does not name (affinis evaluate), and calibrate it.

Examples:
  affinis fit-metric plda --pipeline voice --labels speakers.csv -o voice.plda.json
  affinis fit-metric plda-diagonal --pipeline face --labels people.csv -o face.plda.json
  affinis fit-metric mahalanobis --pipeline voice --labels speakers.csv -o voice.npy --shrinkage 0.2`,
    )
    .action(fitMetric);
}

async function fitMetric(kind: Kind, options: FitMetricOptions): Promise<void> {
  const summary = await withPipelines(
    loadConfig(options.config),
    [options.pipeline],
    (runtime, [pipeline]) => fitPipeline(kind, runtime, pipeline, options),
    { embeddersOnly: true },
  );
  if (options.json) return console.log(JSON.stringify(summary));
  const { subjects, samples, shrinkage, failures, output } = summary;
  console.log(`${samples} samples of ${subjects} subjects, shrinkage ${shrinkage}`);
  for (const [reason, count] of Object.entries(failures)) console.log(`note: ${count} samples failed: ${reason}`);
  console.log(`written: ${output}`);
  console.log(
    `use it: metrics: { ${options.pipeline}-${kind}: { type: ${kind}, parameters: { file: ${options.output} } } }`,
  );
}

async function fitPipeline(
  kind: Kind,
  runtime: Runtime,
  pipeline: SinglePipeline | undefined,
  options: FitMetricOptions,
) {
  // Before the work, which may take minutes.
  const seed = wholeNumber(options.seed, 'seed', 0);
  const iterations = wholeNumber(options.iterations, 'iterations', 0);
  const shrinkage = shrinkageOf(options.shrinkage);
  if (!pipeline?.embedder.state.available) throw new AffinisError('internal', 'the pipeline is not loaded');
  const labels = await readLabels(options.labels, options);
  const progress = createProgress('embedded', labels.samples.length);
  const embedded = await embedAll({
    runtime,
    embedder: pipeline.embedder.name,
    samples: labels.samples,
    text: labels.text,
    onProgress: progress.tick,
  });
  progress.done();
  const rows = labelledEmbeddings(labels, embedded);
  const fit = fitTwoCovariance(rows, { iterations, shrinkage, seed });
  const output = resolve(options.output);
  await writeWhole(
    output,
    contentOf(kind, fit, rows, pipeline.embedder.state.description.space, await digestOf(options.labels)),
  );
  return {
    metric: kind,
    output,
    subjects: fit.subjects,
    samples: fit.samples,
    shrinkage: fit.shrinkage,
    failures: Object.fromEntries(rows.failures),
  };
}

function contentOf(
  kind: Kind,
  { model, subjects, samples, shrinkage }: TwoCovarianceFit,
  { dimension }: LabelledEmbeddings,
  space: string,
  sha256: string,
): string | Uint8Array {
  if (kind === 'mahalanobis') return npyBytes(float32([dimension, dimension], withinWhitening(model)), space);
  const description = `two-covariance model by expectation-maximisation, shrinkage ${shrinkage}`;
  const date = new Date().toISOString().slice(0, 10);
  const stored = kind === 'plda' ? model : diagonalOf(model);
  return serialiseTwoCovariance(stored, { space, description, subjects, samples, sha256, date });
}

function shrinkageOf(text: string): number | 'auto' {
  if (text === 'auto') return text;
  const value = Number(text);
  if (text.trim() !== '' && value >= 0 && value <= 1) return value;
  throw new AffinisError('invalid-argument', `--shrinkage ${text}: a number from 0 to 1, or auto`, {
    field: 'shrinkage',
    reason: 'USAGE',
  });
}

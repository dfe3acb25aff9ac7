import { resolve } from 'node:path';
import {
  AffinisError,
  type EmbedderDescription,
  type Runtime,
  type SinglePipeline,
  serialiseUncertainty,
  varianceIdOf,
} from '@affinis/core';
import { type FitReport, fitUncertainty, reportTable } from '@affinis/fitting';
import type { Command } from 'commander';
import { type LoadedConfig, loadConfig } from '../composition.ts';
import { calibrateFit } from '../offline/calibrate-fit.ts';
import { collectFittingData } from '../offline/collect-fitting-data.ts';
import { digestOf } from '../offline/dataset.ts';
import { readLabels } from '../offline/labelled-samples.ts';
import { withPipelines } from '../offline/runtime-for.ts';
import { sha256Of, writeModelVersion } from '../offline/write-model-version.ts';
import { wholeNumber } from './data-options.ts';
import { createProgress } from './progress.ts';

interface FitCommandOptions {
  readonly pipeline: string;
  readonly labels: string;
  readonly root?: string;
  readonly text?: boolean;
  readonly config?: string;
  readonly copies: string;
  readonly steps: string;
  readonly impostors: string;
  readonly seed: string;
  readonly kind: string;
  readonly models: string;
  readonly json?: boolean;
}

export function addFit(program: Command): void {
  program
    .command('fit')
    .description('give a pipeline’s model an uncertainty, a population to compare with, and calibrated scores')
    .requiredOption('--pipeline <name>', 'pipeline whose model is fitted')
    .requiredOption('--labels <csv>', 'labelled samples: path,subject; with --text: text,subject')
    .option('--root <dir>', 'folder that paths are relative to (default: the folder of --labels)')
    .option('--text', 'samples are sentences, not files')
    .option('-c, --config <file>', 'configuration (default: affinis.yaml here, or none)')
    .option('--copies <n>', 'degraded copies of each sample', '5')
    .option('--steps <n>', 'steps of training', '1200')
    .option('--impostors <n>', 'impostor pairs that the scores are calibrated by', '200000')
    .option('--seed <n>', 'of copies, folds and training', '1')
    .option('--kind <kind>', 'diagonal: a variance a dimension; scalar: one a sample', 'diagonal')
    .option('--models <dir>', 'folder of models that the new version goes into', 'models')
    .option('--json', 'print the report as one JSON object')
    .addHelpText(
      'after',
      `
Writes a new version of the model, MODELS/NAME/VERSION, whose card holds the measured table and says whether the
uncertainty helped, and with calibrated scores of every metric. All of it comes from heads that did not see the
people they are judged on. Takes minutes.

Examples:
  affinis fit --pipeline face --labels people.csv
  affinis fit --pipeline voice --labels speakers.csv --kind scalar --json
  affinis fit --pipeline text --labels sentences.csv --text`,
    )
    .action(fit);
}

async function fit(options: FitCommandOptions): Promise<void> {
  const loaded = loadConfig(options.config);
  const summary = await withPipelines(
    loaded,
    [options.pipeline],
    (runtime, [pipeline]) => fitPipeline(loaded, runtime, pipeline, options),
    { embeddersOnly: true },
  );
  if (options.json) console.log(JSON.stringify(summary));
  else {
    console.log(reportTable(summary.report));
    console.log(`${summary.report.helped ? 'it helps' : 'it does not help'}: ${summary.report.reason}`);
    for (const warning of summary.report.warnings) console.log(`note: ${warning}`);
    console.log(`calibrated: ${summary.calibrated.join(', ') || 'nothing'}`);
    for (const problem of summary.notCalibrated) console.log(`not calibrated: ${problem}`);
    for (const [reason, count] of Object.entries(summary.failures))
      console.log(`note: ${count} samples failed: ${reason}`);
    console.log(`written: ${summary.folder}`);
  }
}

async function fitPipeline(
  loaded: LoadedConfig,
  runtime: Runtime,
  pipeline: SinglePipeline | undefined,
  options: FitCommandOptions,
) {
  // Before the work, which takes minutes.
  const seed = wholeNumber(options.seed, 'seed', 0);
  const copies = wholeNumber(options.copies, 'copies', 1);
  const steps = wholeNumber(options.steps, 'steps', 1);
  const impostors = wholeNumber(options.impostors, 'impostors', 1);
  const kind = kindOf(options.kind);
  const embedder = pipeline?.embedder.name ?? '';
  const model = runtime.config.embedders[embedder]?.model;
  if (model === undefined)
    throw new AffinisError(
      'invalid-argument',
      `pipeline "${options.pipeline}" has an embedder in code; fit needs one with a model`,
      { field: 'pipeline' },
    );
  if (runtime.config.embedders[embedder]?.projection !== undefined)
    throw new AffinisError(
      'invalid-argument',
      `embedder "${embedder}" has a projection; fit the embedder without it, whose variance then passes a linear projection`,
      { field: 'pipeline' },
    );
  const base = await runtime.models.find(model);
  const labels = await readLabels(options.labels, options);
  const progress = createProgress('embedded', labels.samples.length);
  const { data, failures } = await collectFittingData({
    runtime,
    embedder,
    labels,
    copies,
    seed,
    features: base.manifest.output.features !== undefined,
    onProgress: progress.tick,
  });
  progress.done();

  const fit = await fitUncertainty(data, {
    metrics: {
      cosine: runtime.registry.metric('cosine'),
      mls: runtime.registry.metric('mls'),
      mlsLlr: runtime.registry.metric('mls-llr'),
    },
    kind,
    steps,
    seed,
    onProgress: createStages(),
  });
  const { report } = fit;
  const metrics = runtime.registry.metrics.filter(({ parameters }) => parameters.safeParse({}).success);
  const uncertainty = serialiseUncertainty(fit.uncertainty);
  const labelsSha256 = await digestOf(options.labels);
  const { calibrations, problems } = calibrateFit({
    data,
    fit,
    metrics,
    space: descriptionOf(pipeline).space,
    varianceId: varianceIdOf(sha256Of(uncertainty)),
    impostors,
    seed,
    sha256: labelsSha256,
  });
  const written = await writeModelVersion({
    base,
    root: resolve(loaded.folder, options.models),
    uncertainty,
    calibrations,
    readingVariance: metrics
      .filter((metric) => metric.create(metric.parameters.parse({})).needsVariance)
      .map(({ id }) => id),
    card: cardOf(report, labelsSha256, options),
  });
  return {
    model: base.manifest.name,
    ...written,
    failures: Object.fromEntries(failures),
    calibrated: [...calibrations.keys()],
    notCalibrated: problems,
    report,
  };
}

function descriptionOf(pipeline: SinglePipeline | undefined): EmbedderDescription {
  if (pipeline?.embedder.state.available) return pipeline.embedder.state.description;
  throw new AffinisError('internal', 'the pipeline is not loaded');
}

function kindOf(text: string): 'diagonal' | 'scalar' {
  if (text === 'diagonal' || text === 'scalar') return text;
  throw new AffinisError('invalid-argument', `--kind ${text}: diagonal or scalar`, { field: 'kind', reason: 'USAGE' });
}

/** Stages of the fit on standard error, a line each, redrawn in a terminal. */
function createStages(): (progress: { readonly stage: string; readonly done: number; readonly total: number }) => void {
  let shown = '';
  let shownAt = 0;
  return ({ stage, done, total }) => {
    const fresh = stage !== shown;
    if (!fresh && performance.now() - shownAt < (process.stderr.isTTY ? 200 : 10_000)) return;
    if (fresh && shown !== '' && process.stderr.isTTY) process.stderr.write('\n');
    process.stderr.write(
      `${process.stderr.isTTY ? '\r' : ''}${stage}: ${Math.round((100 * done) / Math.max(1, total))} %${process.stderr.isTTY ? '' : '\n'}`,
    );
    shown = stage;
    shownAt = performance.now();
  };
}

function cardOf(report: FitReport, labelsSha256: string, options: FitCommandOptions): string {
  const { pipeline, text, copies, steps, seed, kind } = options;
  const { constants, subjects, samples, folds, helped, reason, warnings } = report;
  return `## Uncertainty

Fitted by \`affinis fit --pipeline ${pipeline}${text ? ' --text' : ''} --kind ${kind} --copies ${copies} --steps ${steps} --seed ${seed}\` on ${samples} samples of ${subjects} subjects (label file of sha256 ${labelsSha256}), each with ${copies} degraded copies. Variance constants a ${constants.a}, g ${constants.g}, c ${constants.c}. **${helped ? 'It helps' : 'It does not help'}**: ${reason}. Figures in per cent with the difference to cosine [95 % interval over subjects]; ${folds}-fold over subjects, none judged by what saw it. \`cosine-quality\` is a logistic on cosine and the same uncertainties (\`affinis calibrate --quality\`), the rival of every gain here. The last column sets one threshold on clean pairs and keeps it.

${reportTable(report)}${warnings.map((warning) => `\n- ${warning}`).join('')}
`;
}

import { join, resolve } from 'node:path';
import { AffinisError, parametersIdentity, type Runtime, type SinglePipeline } from '@affinis/core';
import { connectedSubjects } from '@affinis/evaluation';
import type { Command } from 'commander';
import { type LoadedConfig, loadConfig } from '../composition.ts';
import { calibrateScores, calibrationText } from '../offline/calibrate-scores.ts';
import { type Dataset, readDataset } from '../offline/dataset.ts';
import { embedAll } from '../offline/embed-all.ts';
import { withPipelines } from '../offline/runtime-for.ts';
import { type ScoredPairs, scorePairs, trialsOf } from '../offline/score-pairs.ts';
import { writeWhole } from '../offline/write-file.ts';
import { addDataOptions, type DataOptions, wholeNumber } from './data-options.ts';
import { createProgress } from './progress.ts';

interface CalibrateCommandOptions extends DataOptions {
  readonly config?: string;
  readonly pipeline: string;
  readonly target: string;
  readonly sameFrom?: string;
  readonly differentTo?: string;
  readonly folds: string;
  readonly quality?: boolean;
  readonly degrade?: string;
  readonly output?: string;
  readonly json?: boolean;
}

export function addCalibrate(program: Command): void {
  addDataOptions(program.command('calibrate').description('learn from labelled data what a pipeline’s scores mean'))
    .requiredOption('--pipeline <name>', 'pipeline to calibrate')
    .option('-c, --config <file>', 'configuration (default: affinis.yaml here, or none)')
    .option('--target <column>', 'column of --pairs that holds the label or grade', 'same')
    .option('--same-from <grade>', 'grades from here up are one identity; with --target')
    .option('--different-to <grade>', 'grades up to here are two; those between are left out')
    .option('--folds <n>', 'parts of the subjects for cross-validation, 3 or more', '5')
    .option('--quality', 'let the samples’ uncertainties count beside the score; wants samples that differ in quality')
    .option('--degrade <recipe>', 'make samples worse on the fly, as for evaluate: mixed, any, KIND or KIND:SEVERITY')
    .option('--output <file>', 'default: calibrations/PIPELINE.json beside the configuration, where it is found')
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      `
All figures come from subjects that the calibration was not fitted to.
Fields of --json: file, pipeline, metric, pairs, genuine, impostor, failedSamples, failures, eer, cllr, minCllr,
impostorSubjectPairs, lowestFmr

Examples:
  affinis calibrate --pipeline face --labels people.csv
  affinis calibrate --pipeline face --labels people.csv --quality --degrade mixed
  affinis calibrate --pipeline face-euclidean --pairs pairs.csv --root photos --json
  affinis calibrate --pipeline text --pairs sts.csv --text --target score --same-from 4 --different-to 2`,
    )
    .action(calibrate);
}

async function calibrate(options: CalibrateCommandOptions): Promise<void> {
  const loaded = loadConfig(options.config);
  const seed = wholeNumber(options.seed, 'seed', 0);
  const dataset = binary(
    await readDataset({ ...options, impostors: wholeNumber(options.impostors, 'impostors', 1), seed }),
    options,
  );
  const summary = await withPipelines(
    loaded,
    [options.pipeline],
    (runtime, [pipeline]) => {
      if (!pipeline) throw new AffinisError('internal', 'no pipeline');
      return calibratePipeline(loaded, runtime, pipeline, dataset, options, seed);
    },
    { ignorePolicies: true },
  );
  if (options.json) console.log(JSON.stringify(summary));
  else {
    const { file, genuine, impostor, eer, cllr, minCllr, impostorSubjectPairs } = summary;
    console.log(
      `${file}: EER ${(100 * eer).toFixed(2)} %, Cllr ${cllr.toFixed(3)} (at least ${minCllr.toFixed(3)}) on ${genuine} genuine and ${impostor} impostor pairs of subjects not fitted to`,
    );
    console.log(
      `policies down to fmr ${(3 / impostorSubjectPairs).toExponential(1)} are supported (${impostorSubjectPairs} distinct impostor subject pairs)`,
    );
    if (summary.failedSamples > 0)
      console.log(`${summary.failedSamples} samples failed and were left out: ${JSON.stringify(summary.failures)}`);
  }
}

async function calibratePipeline(
  loaded: LoadedConfig,
  runtime: Runtime,
  pipeline: SinglePipeline,
  dataset: Dataset,
  options: CalibrateCommandOptions,
  seed: number,
) {
  const progress = createProgress('embedded', dataset.samples.length);
  const { samples, text } = dataset;
  const embeddings = await embedAll({
    runtime,
    embedder: pipeline.embedder.name,
    samples,
    text,
    degradation: options.degrade === undefined ? undefined : { recipe: options.degrade, seed },
    onProgress: progress.tick,
  });
  progress.done();
  const scored = await scorePairs(pipeline, dataset, embeddings);
  const trials = trialsOf(pipeline, dataset, scored);
  const folds = wholeNumber(options.folds, 'folds', 3);
  const fitted = calibrateScores(scored.scores, trials, {
    folds,
    seed,
    uncertainties: options.quality ? uncertaintiesOf(pipeline, scored) : undefined,
  });

  const { state } = pipeline.embedder;
  const spec = runtime.metrics.get(pipeline.metricName)?.spec;
  if (!state.available || !spec) throw new AffinisError('internal', 'the pipeline is not loaded');
  const genuine = trials.same.reduce((sum, label) => sum + label, 0);
  const impostor = trials.same.length - genuine;
  const readsVariance = pipeline.metric.needsVariance || options.quality;
  const file = options.output ?? join(loaded.folder, 'calibrations', `${pipeline.name}.json`);
  await writeWhole(
    resolve(file),
    calibrationText({
      format: 'affinis.calibration/1',
      space: state.description.space,
      metric: spec.type,
      parameters: { ...parametersIdentity(spec) },
      ...(readsVariance && state.description.varianceId !== undefined
        ? { varianceId: state.description.varianceId }
        : {}),
      logistic: fitted.logistic,
      fmr: fitted.fmr,
      data: {
        sha256: dataset.sha256,
        description: `${dataset.description}${options.degrade === undefined ? '' : `, degraded: ${options.degrade}`}`,
        subjects: dataset.subjects,
        genuine,
        impostor,
        folds,
        date: new Date().toISOString().slice(0, 10),
      },
      measured: fitted.measured,
    }),
  );
  return {
    file,
    pipeline: pipeline.name,
    metric: pipeline.metricName,
    pairs: trials.same.length,
    genuine,
    impostor,
    failedSamples: scored.failedSamples,
    failures: Object.fromEntries(scored.failures),
    ...fitted.measured,
    impostorSubjectPairs: fitted.fmr.impostorSubjectPairs,
    lowestFmr: fitted.fmr.points.at(-1)?.rate ?? 1,
  };
}

function uncertaintiesOf({ name }: SinglePipeline, { leftUncertainty, rightUncertainty }: ScoredPairs) {
  if (leftUncertainty.some(Number.isNaN))
    throw new AffinisError(
      'failed-precondition',
      `pipeline "${name}": --quality needs an embedder with uncertainty; its model has none`,
      { field: 'quality' },
    );
  return { left: leftUncertainty, right: rightUncertainty };
}

/** Grades as the two classes, those between left out. */
function binary(dataset: Dataset, { target, sameFrom, differentTo }: CalibrateCommandOptions): Dataset {
  if (target === 'same') return dataset;
  const [from, to] = [Number(sameFrom ?? Number.NaN), Number(differentTo ?? Number.NaN)];
  if (!(from > to))
    throw new AffinisError(
      'invalid-argument',
      `--target ${target} holds grades: say which count, such as --same-from 4 --different-to 2`,
      { field: 'sameFrom', reason: 'USAGE' },
    );
  const grade = (row: number) => dataset.labels[row] as number;
  const graded = Int32Array.from(dataset.labels.keys()).filter((row) => grade(row) >= from || grade(row) <= to);
  // Subjects that mean the same, by a chain of pairs, are one; a pair that calls two of them different says nothing.
  const one = connectedSubjects(
    dataset.subjects,
    [...graded]
      .filter((row) => grade(row) >= from)
      .map((row) => ({ left: dataset.leftSubjects[row] as number, right: dataset.rightSubjects[row] as number })),
  );
  const leftOf = (row: number) => one[dataset.leftSubjects[row] as number] as number;
  const rightOf = (row: number) => one[dataset.rightSubjects[row] as number] as number;
  const rows = graded.filter((row) => grade(row) >= from || leftOf(row) !== rightOf(row));
  return {
    ...dataset,
    left: rows.map((row) => dataset.left[row] as number),
    right: rows.map((row) => dataset.right[row] as number),
    labels: Float64Array.from(rows, (row) => (grade(row) >= from ? 1 : 0)),
    leftSubjects: rows.map(leftOf),
    rightSubjects: rows.map(rightOf),
    subjects: new Set([...rows].flatMap((row) => [leftOf(row), rightOf(row)])).size,
    description: `${dataset.description}; ${target} from ${from} up is one, up to ${to} two`,
  };
}

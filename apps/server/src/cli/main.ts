import { Command, CommanderError } from 'commander';
import { addAdmin } from './admin.ts';
import { addCalibrate } from './calibrate.ts';
import { addClassify } from './classify.ts';
import { addCompare } from './compare.ts';
import { addConfig } from './config.ts';
import { addEmbed } from './embed.ts';
import { addEnroll } from './enroll.ts';
import { addEvaluate } from './evaluate.ts';
import { exitCodes, fail } from './exit-codes.ts';
import { addExportTensors } from './export-tensors.ts';
import { addFit } from './fit.ts';
import { addFitMetric } from './fit-metric.ts';
import { addGallery } from './gallery.ts';
import { addIdentify } from './identify.ts';
import { addModels } from './models.ts';
import { addPlugin } from './plugin.ts';
import { addServe } from './serve.ts';
import { addVerify } from './verify.ts';
import { version } from './version.ts';

const program = new Command('affinis')
  .description('How alike are these two things? Compares faces, voices and sentences.')
  .version(version)
  .showSuggestionAfterError()
  .exitOverride()
  .addHelpText('after', `\nExit codes:\n${exitCodes.map(({ code, meaning }) => `  ${code}  ${meaning}`).join('\n')}`);

for (const add of [
  addServe,
  addVerify,
  addCompare,
  addEmbed,
  addGallery,
  addEnroll,
  addIdentify,
  addClassify,
  addFit,
  addFitMetric,
  addCalibrate,
  addEvaluate,
  addExportTensors,
  addModels,
  addPlugin,
  addConfig,
  addAdmin,
])
  add(program);

try {
  await program.parseAsync();
} catch (thrown) {
  // commander has printed its own message; help and --version are no failure.
  process.exitCode =
    thrown instanceof CommanderError ? (thrown.exitCode === 0 ? 0 : 2) : fail(thrown, process.argv.includes('--json'));
}

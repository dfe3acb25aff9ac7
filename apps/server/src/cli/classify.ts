import type { Command } from 'commander';
import { wholeNumber } from './metadata-option.ts';
import { addSearchOptions, type SearchCommandOptions, searchEachInput } from './search-command.ts';
import { classificationJson, classificationLine, exitCodeOfSearch } from './search-output.ts';

interface ClassifyOptions extends SearchCommandOptions {
  readonly label?: string;
}

export function addClassify(program: Command): void {
  addSearchOptions(program.command('classify'))
    .description('which label has this, by a vote of the nearest templates? Of one input exit code 1: unknown')
    .option('-k <number>', 'nearest templates that may vote (default: 5, at most 100)')
    .option('--label <key>', 'metadata key that holds the label (default: the template id is the label)')
    .addHelpText(
      'after',
      `
Of the k nearest templates those vote that the pipeline's policy takes for a match. Where none does the
answer is unknown. A pipeline without a policy lets all k vote, and the decision stays undecided.

Fields of --json, one line an input: input, decision (match, unknown, insufficient, undecided), label,
reason, votes [{label, votes, best}], searched, pipeline, model, metric, polarity, timingsMs; or input
and error

Examples:
  affinis classify --gallery birds photo.jpg --label species
  affinis classify --gallery phrases --text "Good evening" -k 3 --json`,
    )
    .action((inputs: readonly string[], options: ClassifyOptions) =>
      searchEachInput(inputs, options, {
        ask: (target, probes) => {
          const { pipeline, filter, label } = options;
          return target.classify(options.gallery, probes, {
            pipeline,
            filter,
            labelKey: label,
            k: wholeNumber(options.k, 'k'),
          });
        },
        print: (input, answer) =>
          console.log(
            options.json ? JSON.stringify(classificationJson(input, answer)) : classificationLine(input, answer),
          ),
        exitCode: ({ decision }) => exitCodeOfSearch[decision],
      }),
    );
}

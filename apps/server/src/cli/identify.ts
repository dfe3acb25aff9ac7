import type { Command } from 'commander';
import { wholeNumber } from './metadata-option.ts';
import { addSearchOptions, type SearchCommandOptions, searchEachInput } from './search-command.ts';
import { exitCodeOfSearch, identificationJson, identificationLine } from './search-output.ts';

interface IdentifyOptions extends SearchCommandOptions {
  readonly withMetadata?: boolean;
}

export function addIdentify(program: Command): void {
  addSearchOptions(program.command('identify'))
    .description('who of a gallery is this? Of one input exit code 0: found, 1: unknown')
    .option('-k <number>', 'candidates to return (default: 5, at most 100)')
    .option('--with-metadata', "return the candidates' metadata")
    .addHelpText(
      'after',
      `
The policy decides each comparison by itself. Among N templates a stranger is taken for somebody in
at most N x FMR of searches: "at most … a search". For a rate r choose policy: { fmr: r / N }.

Fields of --json, one line an input: input, decision (match, unknown, insufficient, undecided),
templateId, reason, candidates [{templateId, score, decision, llr, probability, fmr, searchFmr}],
searched, pipeline, model, metric, polarity, policy, threshold, timingsMs; or input and error

Examples:
  affinis identify --gallery staff photo.jpg
  affinis identify --gallery staff *.jpg --json > found.jsonl
  affinis identify --gallery staff photo.jpg --filter team=red -k 1 --server 127.0.0.1:50051`,
    )
    .action((inputs: readonly string[], options: IdentifyOptions) =>
      searchEachInput(inputs, options, {
        ask: (target, probes) => {
          const { pipeline, filter, withMetadata } = options;
          return target.identify(options.gallery, probes, {
            pipeline,
            filter,
            withMetadata,
            k: wholeNumber(options.k, 'k'),
          });
        },
        print: (input, answer) =>
          console.log(
            options.json ? JSON.stringify(identificationJson(input, answer)) : identificationLine(input, answer),
          ),
        exitCode: ({ decision }) => exitCodeOfSearch[decision],
      }),
    );
}

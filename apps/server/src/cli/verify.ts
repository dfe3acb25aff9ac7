import type { Command } from 'commander';
import { exitCodeOfDecision } from './exit-codes.ts';
import { readSample } from './input.ts';
import { verificationJson, verificationLine } from './output.ts';
import { addTargetOptions, type TargetOptions, withAnswerer } from './target-options.ts';

interface VerifyOptions extends TargetOptions {
  readonly pipeline?: string;
  readonly text?: boolean;
  readonly json?: boolean;
}

export function addVerify(program: Command): void {
  addTargetOptions(program.command('verify'))
    .description('are A and B the same person (or do they mean the same)? Exit code 0: match, 1: no match')
    .argument('<a>', 'a photo, a recording, or with --text a sentence')
    .argument('<b>', 'the other one')
    .option('--pipeline <name>', 'pipeline to ask (default: by the kind of the input)')
    .option('--text', 'A and B are sentences, not files')
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      `
Fields of --json: pipeline, model, metric, polarity, score, threshold, thresholdSource, decision
(match, no_match, insufficient, undecided), reason, policy, timingsMs {queue, decode, prepare,
inference, score}; where calibrated llr (nats), probability at prior, fmr, fmrUpper, calibration;
null where there is none

Examples:
  affinis verify a.jpg b.jpg
  affinis verify monday.wav tuesday.mp3 --json
  affinis verify --text "A man plays the guitar." "Someone is making music."
  affinis verify a.jpg b.jpg --pipeline face-euclidean --server 127.0.0.1:50051`,
    )
    .action(verify);
}

async function verify(a: string, b: string, options: VerifyOptions): Promise<void> {
  const text = options.text === true;
  const left = [await readSample(a, text, 'a')];
  const right = [await readSample(b, text, 'b')];
  const answer = await withAnswerer(options, (answerer) => answerer.verify(options.pipeline, { left, right }));
  console.log(options.json ? JSON.stringify(verificationJson(answer)) : verificationLine(answer));
  process.exitCode = exitCodeOfDecision[answer.decision];
}

import { AffinisError } from '@affinis/core';
import type { Command } from 'commander';

/** Options that name labelled data. */
export interface DataOptions {
  readonly labels?: string;
  readonly pairs?: string;
  readonly root?: string;
  readonly text?: boolean;
  readonly impostors: string;
  readonly seed: string;
}

export const addDataOptions = (command: Command): Command =>
  command
    .option('--labels <csv>', 'labelled samples: path,subject; with --text: text,subject')
    .option(
      '--pairs <csv>',
      'labelled pairs: left,right,same, optionally left_subject,right_subject,fold; several files of a side joined by |',
    )
    .option('--root <dir>', 'folder that paths are relative to (default: of --labels its own folder, else this one)')
    .option('--text', 'samples are sentences, not files')
    .option('--impostors <n>', 'impostor pairs drawn across subjects of --labels', '200000')
    .option('--seed <n>', 'of every random draw', '1');

/** A whole number from an option. */
export function wholeNumber(text: string, option: string, least: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= least) return value;
  throw new AffinisError('invalid-argument', `--${option} ${text}: a whole number, ${least} or more`, {
    field: option,
    reason: 'USAGE',
  });
}

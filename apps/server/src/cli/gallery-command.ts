import type { Command } from 'commander';

/** A command below `gallery`, with its examples. */
export const subcommand = (gallery: Command, name: string, description: string, ...examples: string[]): Command =>
  gallery
    .command(name)
    .description(description)
    .addHelpText('after', `\nExamples:\n${examples.map((each) => `  affinis gallery ${name}${each}`).join('\n')}`);

export const iso = (time: number): string => new Date(time).toISOString();

export const megabytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

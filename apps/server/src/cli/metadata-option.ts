import { AffinisError } from '@affinis/core';
import type { Command } from 'commander';

/** Collects `key=value` arguments; for commander's repeated options. */
export function addPair(argument: string, pairs: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const at = argument.indexOf('=');
  if (at < 1)
    throw new AffinisError('invalid-argument', `${argument}: write KEY=VALUE, such as team=red`, { field: 'metadata' });
  return { ...pairs, [argument.slice(0, at)]: argument.slice(at + 1) };
}

export const addFilterOption = (command: Command): Command =>
  command.option('--filter <key=value>', 'only templates with this metadata; repeat for several pairs', addPair, {});

/** A date (`2027-01-31`, `2027-01-31T12:00:00Z`), in milliseconds since 1970. */
export function timeOption(text: string | undefined, option: string): number | undefined {
  if (text === undefined) return undefined;
  const time = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isFinite(time)) return time;
  throw new AffinisError('invalid-argument', `--${option} ${text}: write a date such as 2027-01-31`, { field: option });
}

export function wholeNumber(text: string | undefined, option: string): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new AffinisError('invalid-argument', `--${option} ${text}: a whole number above 0`, { field: option });
}

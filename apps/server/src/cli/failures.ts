import type { AffinisError } from '@affinis/core';
import { exitCodeOfError } from './exit-codes.ts';

/** Inputs that failed alone: told as they come, counted at the end. */
export interface Failures {
  add(input: string, error: AffinisError): void;
  readonly count: number;
  /** For `--json`: the first hundred. */
  readonly list: readonly FailureJson[];
  /** 0 where all went well, or some did; with `strict` 5 where any failed. The first one's code where all did. */
  exitCode(succeeded: number, strict: boolean): number;
}

export interface FailureJson {
  readonly input: string;
  readonly error: {
    readonly code: string;
    readonly message: string;
    readonly field?: string;
    readonly reason?: string;
  };
}

const listed = 100;

/** `quiet`: nothing on standard error. */
export function createFailures({ quiet }: { readonly quiet: boolean }): Failures {
  const list: FailureJson[] = [];
  let count = 0;
  let first = 0;
  return {
    add(input, error) {
      count++;
      first ||= exitCodeOfError(error.code);
      if (list.length < listed) list.push({ input, error: errorJson(error) });
      if (!quiet) console.error(`${input}: ${error.message}`);
    },
    get count() {
      return count;
    },
    list,
    exitCode: (succeeded, strict) => (count === 0 ? 0 : succeeded === 0 ? first : strict ? 5 : 0),
  };
}

export const errorJson = ({ code, message, field, reason }: AffinisError): FailureJson['error'] => ({
  code,
  message,
  ...(field === undefined ? {} : { field }),
  ...(reason === undefined ? {} : { reason }),
});

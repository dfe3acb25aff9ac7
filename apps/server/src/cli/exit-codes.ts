import { AffinisError, type Decision, type ErrorCode } from '@affinis/core';

/** What scripts may rely on. */
export const exitCodes = [
  { code: 0, meaning: 'success, or a match' },
  { code: 1, meaning: 'no match' },
  { code: 2, meaning: 'bad input or usage, a missing file among them' },
  { code: 3, meaning: 'the server cannot be reached' },
  { code: 4, meaning: 'too uncertain to decide, or no threshold to decide by' },
  { code: 5, meaning: 'any other failure' },
] as const;

export const exitCodeOfDecision: Readonly<Record<Decision, number>> = {
  match: 0,
  no_match: 1,
  insufficient: 4,
  undecided: 4,
};

/** Prints what went wrong (with `json`, as an object on standard output) and returns the exit code. */
export function fail(thrown: unknown, json: boolean): number {
  const error = AffinisError.from(thrown, 'affinis');
  const { code, message, field, reason } = error;
  if (json) console.log(JSON.stringify({ error: { code, message, field, reason } }));
  else console.error(`affinis: ${message}${field === undefined || message.includes(field) ? '' : ` (${field})`}`);
  if (code === 'internal' && error.cause !== undefined) console.error(error.cause);
  return exitCodeOfError(code);
}

export function exitCodeOfError(code: ErrorCode): number {
  if (code === 'invalid-argument' || code === 'not-found') return 2;
  return code === 'unavailable' ? 3 : 5;
}

import { isDeepStrictEqual } from 'node:util';
import { type Config, type Offers, redactConfig } from '@affinis/core';

/** What differs between two configurations, one line a field: `pipelines.face.metric: cosine → mls-llr`. No secrets. */
export function configChanges(before: Config, after: Config, offers: Offers): string[] {
  const secrets: unknown[] = [];
  /** Two secrets differ by number where they differ. */
  const hide = (secret: unknown) => {
    const known = secrets.findIndex((each) => isDeepStrictEqual(each, secret));
    return `(secret ${known < 0 ? secrets.push(secret) : known + 1})`;
  };
  return [...differences(redactConfig(before, offers, hide), redactConfig(after, offers, hide), '')];
}

function* differences(before: unknown, after: unknown, path: string): Generator<string> {
  if (isDeepStrictEqual(before, after)) return;
  if (isRecord(before) && isRecord(after)) {
    for (const key of new Set([...Object.keys(before), ...Object.keys(after)]))
      yield* differences(before[key], after[key], path === '' ? key : `${path}.${key}`);
  } else if (before === undefined) yield `${path}: added: ${shown(after)}`;
  else if (after === undefined) yield `${path}: removed (was ${shown(before)})`;
  else yield `${path}: ${shown(before)} → ${shown(after)}`;
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const mostCharacters = 200;

function shown(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length <= mostCharacters ? text : `${text.slice(0, mostCharacters)}…`;
}

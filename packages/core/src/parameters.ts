import type { z } from 'zod';
import { AffinisError } from './errors.ts';
import { fieldPath, problemsOf } from './schema-problems.ts';

/**
 * Validates what a configuration gives a component; throws `invalid-argument` naming the first field that is wrong, with
 * `field` before it where that is not empty.
 */
export function parseParameters<P>(schema: z.ZodType<P>, given: unknown, component: string, field: string): P {
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const [problem] = problemsOf(parsed.error, schema);
  const inner = fieldPath(problem?.path ?? []);
  const path = [field, inner].filter((part) => part !== '').join('.');
  const message = `[core] ${component}: ${path === '' ? '' : `${path}: `}${problem?.message ?? 'invalid'}`;
  throw new AffinisError('invalid-argument', message, {
    ...(path === '' ? {} : { field: path }),
    reason: 'BAD_PARAMETERS',
  });
}

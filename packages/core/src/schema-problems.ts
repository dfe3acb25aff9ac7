import { closest, distance } from 'fastest-levenshtein';
import type { z } from 'zod';

/** One thing that a schema refuses, and whether the key or its value is at fault. */
export interface Problem {
  readonly path: readonly PropertyKey[];
  readonly part: 'key' | 'value';
  readonly message: string;
}

/** A validation's problems, each key that is not known with the known one that it most looks like. */
export function problemsOf(error: z.ZodError, schema: z.ZodType): Problem[] {
  return error.issues.flatMap((issue): Problem[] => {
    if (issue.code === 'unrecognized_keys') {
      const known = keysAt(schema, issue.path);
      return issue.keys.map((key) => ({
        path: [...issue.path, key],
        part: 'key',
        message: `unknown key${hint(key, known)}`,
      }));
    }
    if (issue.code === 'invalid_key') {
      const reasons = issue.issues.map(({ message }) => message).join(', ');
      return [{ path: issue.path, part: 'key', message: `not a name: ${reasons}` }];
    }
    return [{ path: issue.path, part: 'value', message: issue.message }];
  });
}

/** `['a', 'b', 0]` as `a.b[0]`. */
export function fieldPath(path: readonly PropertyKey[]): string {
  return path
    .map((part, index) => (typeof part === 'number' ? `[${part}]` : `${index ? '.' : ''}${String(part)}`))
    .join('');
}

function hint(wrong: string, known: readonly string[]): string {
  if (known.length === 0) return '';
  const nearest = closest(wrong, known);
  const alike = distance(wrong, nearest) <= Math.max(2, wrong.length / 2);
  return `${alike ? `; did you mean "${nearest}"?` : ';'} Known keys: ${known.join(', ')}`;
}

function keysAt(schema: unknown, path: readonly PropertyKey[]): string[] {
  let current = unwrap(schema);
  for (const part of path) {
    const inner = current?.shape?.[part as string] ?? current?.valueType ?? current?.element;
    if (inner === undefined) return [];
    current = unwrap(inner);
  }
  return Object.keys(current?.shape ?? {});
}

interface SchemaNode {
  readonly shape?: Record<string, unknown>;
  readonly valueType?: unknown;
  readonly element?: unknown;
  readonly unwrap?: () => unknown;
}

function unwrap(schema: unknown): SchemaNode | undefined {
  let node = schema as SchemaNode | undefined;
  while (node && !node.shape && !node.valueType && !node.element && node.unwrap) node = node.unwrap() as SchemaNode;
  return node;
}

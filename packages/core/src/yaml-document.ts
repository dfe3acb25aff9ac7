import { closest } from 'fastest-levenshtein';
import { isNode, LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';
import { AffinisError } from './errors.ts';

/**
 * Parses and validates one YAML document. Throws `invalid-argument` naming `file`, line, column and field, with a hint
 * where a key is misspelt; every problem is listed, one a line.
 */
export function parseYamlDocument<S extends z.ZodType>(text: string, schema: S, file: string): z.infer<S> {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const position = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${line}:${col}`;
  };
  const [syntaxError] = document.errors;
  if (syntaxError) throw broken(`${position(syntaxError.pos[0])}: ${syntaxError.message}`, file);

  const parsed = schema.safeParse(document.toJS() ?? {});
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => {
    const path = issue.code === 'unrecognized_keys' ? [...issue.path, issue.keys[0] ?? ''] : issue.path;
    const node = nodeAt(document, path);
    const where = node?.range ? position(node.range[0]) : file;
    return `${where}: ${fieldPath(path) || 'document'}: ${issue.message}${hint(issue, schema)}`;
  });
  const [first] = parsed.error.issues;
  throw broken(problems.join('\n'), fieldPath(first?.path ?? []) || file);
}

/** `['a', 'b', 0]` as `a.b[0]`. */
export function fieldPath(path: readonly PropertyKey[]): string {
  return path.map((part, index) => (typeof part === 'number' ? `[${part}]` : `${index ? '.' : ''}${String(part)}`)).join('');
}

/** The node at a path, or the nearest one above it that exists. */
function nodeAt(document: ReturnType<typeof parseDocument>, path: readonly PropertyKey[]) {
  for (let depth = path.length; depth >= 0; depth--) {
    const node = document.getIn(path.slice(0, depth), true);
    if (isNode(node)) return node;
  }
  return undefined;
}

/** For a key that is not known, the known one that looks most like it. */
function hint(issue: z.core.$ZodIssue, schema: z.ZodType): string {
  if (issue.code !== 'unrecognized_keys') return '';
  const known = keysAt(schema, issue.path);
  const [wrong] = issue.keys;
  if (!known.length || wrong === undefined) return '';
  return `; did you mean "${closest(wrong, known)}"? Known keys: ${known.join(', ')}`;
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

const broken = (message: string, field: string) => new AffinisError('invalid-argument', message, { field, reason: 'BAD_FILE' });

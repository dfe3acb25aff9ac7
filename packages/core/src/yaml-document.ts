import { isMap, isNode, isScalar, LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';
import { AffinisError } from './errors.ts';
import { fieldPath, type Problem, problemsOf } from './schema-problems.ts';

/** A parsed YAML text that can tell where in it a field stands. */
export interface YamlDocument {
  readonly value: unknown;
  /** `file:line:column` of the value at a path, of the nearest one above it that exists, or the file alone. */
  positionOf(path: readonly PropertyKey[], part?: 'key' | 'value'): string;
}

/** Parses one YAML document. Throws `invalid-argument` naming `file`, line and column. */
export function readYaml(text: string, file: string): YamlDocument {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const position = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${line}:${col}`;
  };
  const [syntaxError] = document.errors;
  if (syntaxError) throw badFile([`${position(syntaxError.pos[0])}: ${syntaxError.message}`], file);
  return {
    value: plainValue(document, file),
    positionOf(path, part = 'value') {
      for (let depth = path.length; depth >= 0; depth--) {
        const node =
          part === 'key' && depth === path.length ? keyAt(document, path) : document.getIn(path.slice(0, depth), true);
        if (isNode(node) && node.range) return position(node.range[0]);
      }
      return file;
    },
  };
}

/**
 * Parses and validates one YAML document. Throws `invalid-argument` naming `file`, line, column and field, with a hint
 * where a key is misspelt; every problem is listed, one a line.
 */
export function parseYamlDocument<S extends z.ZodType>(text: string, schema: S, file: string): z.infer<S> {
  return validateYaml(readYaml(text, file), schema, file);
}

/** The document's value as the schema makes it; throws like `parseYamlDocument`. */
export function validateYaml<S extends z.ZodType>(document: YamlDocument, schema: S, file: string): z.infer<S> {
  const parsed = schema.safeParse(document.value ?? {});
  if (parsed.success) return parsed.data;
  throw badFields(document, problemsOf(parsed.error, schema), file);
}

/** `invalid-argument` that lists problems with the places where they stand. */
export function badFields(document: YamlDocument, problems: readonly Problem[], file: string): AffinisError {
  const texts = problems.map(
    ({ path, part, message }) => `${document.positionOf(path, part)}: ${fieldPath(path) || 'document'}: ${message}`,
  );
  return badFile(texts, fieldPath(problems[0]?.path ?? []) || file);
}

function badFile(problems: readonly string[], field: string): AffinisError {
  return new AffinisError('invalid-argument', problems.join('\n'), { field, reason: 'BAD_FILE' });
}

/** The document as plain values; what the parser refuses only then (too many aliases) is refused here. */
function plainValue(document: ReturnType<typeof parseDocument>, file: string): unknown {
  try {
    return document.toJS();
  } catch (cause) {
    throw new AffinisError('invalid-argument', `${file}: its aliases cannot be expanded; write the values out`, {
      field: file,
      reason: 'BAD_FILE',
      cause,
    });
  }
}

/** The key's own node: its value may begin on a later line. */
function keyAt(document: ReturnType<typeof parseDocument>, path: readonly PropertyKey[]): unknown {
  const parent = document.getIn(path.slice(0, -1), true);
  if (!isMap(parent)) return undefined;
  return parent.items.find(({ key }) => isScalar(key) && String(key.value) === path.at(-1))?.key;
}

import type { z } from 'zod';
import { unusable } from './errors.ts';

/** Checks a part of a manifest or of the options; `field` is where it stands (`input`, `decoderOptions`). */
export function parse<T extends z.ZodType>(schema: T, value: unknown, field: string, owner: string): z.output<T> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const path = [field, ...(issue?.path ?? [])].join('.');
  throw unusable(path, `${owner}: ${path}: ${issue?.message ?? 'invalid'}`);
}

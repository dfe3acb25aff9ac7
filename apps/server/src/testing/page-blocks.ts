import { readFileSync } from 'node:fs';
import { parse, stringify } from 'yaml';

/** A fenced block of a page: its language and its text. */
export interface PageBlock {
  readonly language: string;
  readonly text: string;
}

/** The code blocks of a Markdown file, in order. */
export const blocksOf = (file: string): readonly PageBlock[] =>
  [...readFileSync(file, 'utf8').matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(([, language = '', text = '']) => ({
    language,
    text,
  }));

/** The parts of an affinis.yaml that a page shows, as one. */
export function configOf(page: string): string {
  const whole: Record<string, unknown> = {};
  for (const { language, text } of blocksOf(page)) {
    if (language !== 'yaml') continue;
    for (const [key, value] of Object.entries(parse(text) as Record<string, unknown>)) {
      const before = whole[key];
      whole[key] = Array.isArray(before) ? before.concat(value) : before ? { ...before, ...(value as object) } : value;
    }
  }
  return stringify(whole);
}

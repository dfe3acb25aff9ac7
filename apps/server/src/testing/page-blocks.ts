import { readFileSync } from 'node:fs';

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

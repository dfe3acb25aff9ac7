import { z } from 'zod';
import { unusable } from './refusals.ts';

const token = z.string().regex(/^\S+$/, 'a token holds no white space');

const wordPieceSchema = z.strictObject({
  kind: z.literal('wordpiece'),
  /** One token a line; a token's id is its line, from 0. */
  vocabulary: z.strictObject({ file: z.string().min(1), sha256: z.string() }),
  lowercase: z.boolean().default(true),
  stripAccents: z.boolean().default(true),
  cls: token.default('[CLS]'),
  sep: token.default('[SEP]'),
  pad: token.default('[PAD]'),
  unknown: token.default('[UNK]'),
  /** A longer word is unknown as a whole. */
  maxCharactersPerWord: z.int().positive().default(100),
});

const overlongSchema = z.enum(['truncate', 'refuse']);

/** `input` of a text model's manifest. */
const inputSchema = z.strictObject({
  /** Names of the model's inputs, each int64[N, T]. */
  ids: z.string().default('input_ids'),
  mask: z.string().default('attention_mask'),
  typeIds: z.string().optional(),
  tokenizer: wordPieceSchema,
  /** Tokens that the model takes, `cls` and `sep` included. */
  maxTokens: z.int().min(3).default(256),
  overlong: overlongSchema.default('truncate'),
  /** Unicode normalisation before the tokenizer's own. */
  unicode: z.enum(['NFC', 'NFKC', 'none']).default('none'),
});

const optionsSchema = z.strictObject({ overlong: overlongSchema.optional() });

export type TextInput = z.infer<typeof inputSchema>;
export type WordPieceOptions = z.infer<typeof wordPieceSchema>;

export const readTextInput = (input: unknown): TextInput => parse(inputSchema, input, 'input');
export const readTextOptions = (options: unknown): z.infer<typeof optionsSchema> =>
  parse(optionsSchema, options, 'options');

function parse<T extends z.ZodType>(schema: T, value: unknown, field: string): z.output<T> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const path = [field, ...(issue?.path ?? [])].join('.');
  throw unusable(path, `${path}: ${issue?.message ?? 'invalid'}`);
}

import {
  defineModality,
  degradeBy,
  int64,
  type ModalityContext,
  type Prepared,
  type Preprocessor,
  type Sample,
  type Tensor,
  type Tensors,
} from '@affinis/core';
import { textDegradations } from './degradation/kinds.ts';
import { leadingTokens } from './leading-tokens.ts';
import { badSample } from './refusals.ts';
import { readTextInput, readTextOptions, type TextInput } from './text-input.ts';
import { createWordPiece } from './word-piece.ts';

/** Texts to token ids and attention masks, int64[N, T]. */
export const textModality = defineModality({
  id: 'text',
  open,
  accepts: (sample) => sample.kind === 'text',
  cost,
});

async function open({ manifest, options, readFile }: ModalityContext): Promise<Preprocessor> {
  const input = readTextInput(manifest.input);
  const { file, sha256 } = input.tokenizer.vocabulary;
  const wordPiece = await createWordPiece(await readFile(file, sha256), input.tokenizer);
  const overlong = readTextOptions(options).overlong ?? input.overlong;
  const room = input.maxTokens - 2;
  const encode = (piece: string) => wordPiece.encode(input.unicode === 'none' ? piece : piece.normalize(input.unicode));

  return {
    async prepare(sample): Promise<Prepared> {
      const tokens = leadingTokens(textOf(sample), room, encode);
      if (tokens.length === 0)
        throw badSample('text', 'EMPTY', 'the text is empty or only white space and control characters; send words');
      const truncated = tokens.length > room;
      if (truncated && overlong === 'refuse')
        throw badSample(
          'text',
          'TOO_LONG',
          `the text has more than the ${input.maxTokens} tokens that the model takes; shorten it, or set the embedder's option overlong: truncate`,
        );
      const ids = [wordPiece.cls, ...tokens.slice(0, room), wordPiece.sep];
      return {
        inputs: toInputs([ids], input, wordPiece.pad),
        rows: 1,
        info: { kind: 'text', tokens: ids.length, truncated },
        decodeMs: 0,
      };
    },

    canonical: async (sample) => ({ kind: 'text', text: textOf(sample) }),
    degrade: async (sample, degradation) => ({
      kind: 'text',
      text: await degradeBy(textDegradations, textOf(sample), degradation),
    }),

    collate(prepared) {
      const rows = prepared.map(({ inputs }) => Array.from(inputs[input.ids]?.data ?? [], Number));
      return toInputs(rows, input, wordPiece.pad);
    },
  };
}

function textOf(sample: Sample): string {
  if (sample.kind !== 'text')
    throw badSample(sample.kind, 'UNSUPPORTED_KIND', `${sample.kind} is no text; send a text sample`);
  if (/\p{Surrogate}/u.test(sample.text))
    throw badSample('text', 'BAD_UNICODE', 'the text holds half a surrogate pair; send well-formed Unicode');
  return sample.text;
}

/** Rows of token ids, padded to the longest; the mask is 1 for tokens and 0 for padding. */
function toInputs(rows: readonly (readonly number[])[], { ids, mask, typeIds }: TextInput, pad: number): Tensors {
  const length = Math.max(...rows.map((row) => row.length));
  const tensor = (valueAt: (token: number | undefined) => number): Tensor => {
    const data = new BigInt64Array(rows.length * length);
    for (const [r, row] of rows.entries())
      for (let t = 0; t < length; t++) data[r * length + t] = BigInt(valueAt(row[t]));
    return int64([rows.length, length], data);
  };
  return {
    [ids]: tensor((token) => token ?? pad),
    [mask]: tensor((token) => (token === undefined ? 0 : 1)),
    ...(typeIds === undefined ? {} : { [typeIds]: tensor(() => 0) }),
  };
}

const charactersPerRow = 64;
const longestInRows = 16;

/** A short sentence is one row; models cut long texts, so their cost is bounded. */
function cost(sample: Sample): number {
  if (sample.kind !== 'text') return 1;
  return Math.min(longestInRows, Math.max(1, Math.ceil(sample.text.length / charactersPerRow)));
}

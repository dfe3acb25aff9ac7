import { unusable } from './refusals.ts';
import type { WordPieceOptions } from './text-input.ts';

export interface WordPiece {
  /** Ids of a text's tokens, without `cls` and `sep`. */
  encode(text: string): readonly number[];
  readonly cls: number;
  readonly sep: number;
  readonly pad: number;
}

const vocabularyField = 'input.tokenizer.vocabulary';

/** BERT's tokenizer by Hugging Face's library, configured as the `tokenizer.json` of such a model would. */
export async function createWordPiece(vocabulary: Uint8Array, options: WordPieceOptions): Promise<WordPiece> {
  const tokens = readVocabulary(vocabulary);
  const ids = new Map(tokens.map((token, id) => [token, id]));
  const idOf = (token: string): number => {
    const id = ids.get(token);
    if (id !== undefined) return id;
    throw unusable(vocabularyField, `the vocabulary has no token "${token}", which input.tokenizer names`);
  };
  const special = [options.cls, options.sep, options.pad, options.unknown].map((content) => [content, idOf(content)]);
  // Texts may spell special tokens out; BERT's own tokenizer knows this one too.
  const mask = ids.get('[MASK]');
  if (mask !== undefined) special.push(['[MASK]', mask]);

  const { Tokenizer } = await import('@huggingface/tokenizers');
  const tokenizer = new Tokenizer(
    {
      normalizer: {
        type: 'BertNormalizer',
        clean_text: true,
        handle_chinese_chars: true,
        strip_accents: options.stripAccents,
        lowercase: options.lowercase,
      },
      pre_tokenizer: { type: 'BertPreTokenizer' },
      model: {
        type: 'WordPiece',
        vocab: Object.fromEntries(ids),
        unk_token: options.unknown,
        continuing_subword_prefix: '##',
        max_input_chars_per_word: options.maxCharactersPerWord,
      },
      added_tokens: special.map(([content, id]) => ({ content, id, special: true, normalized: false })),
      post_processor: null,
      decoder: null,
    },
    {},
  );
  return {
    encode: (text) => tokenizer.encode(asRustReadsIt(text, options.lowercase)).ids,
    cls: idOf(options.cls),
    sep: idOf(options.sep),
    pad: idOf(options.pad),
  };
}

/** Han characters beyond U+FFFF that BERT splits one by one. */
const supplementaryHan =
  /[\u{20000}-\u{2a6df}\u{2a700}-\u{2b73f}\u{2b740}-\u{2b81f}\u{2b920}-\u{2ceaf}\u{2f800}-\u{2fa1f}]/gu;

/**
 * Evens out where the library differs from Hugging Face's Rust tokenizer, which models were trained with: it leaves
 * supplementary Han characters together, and it lowers a sigma at the end of a word to its final form.
 */
function asRustReadsIt(text: string, lowercase: boolean): string {
  const spaced = text.replace(supplementaryHan, ' $& ');
  return lowercase ? spaced.replaceAll('Σ', 'σ') : spaced;
}

function readVocabulary(bytes: Uint8Array): string[] {
  try {
    const lines = new TextDecoder('utf-8', { fatal: true }).decode(bytes).split('\n');
    if (lines.at(-1) === '') lines.pop();
    return lines.map((line) => line.replace(/\r$/, ''));
  } catch (cause) {
    throw unusable(vocabularyField, 'the vocabulary is not UTF-8 text with one token a line', cause);
  }
}

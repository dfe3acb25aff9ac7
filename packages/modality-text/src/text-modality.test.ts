import { type ModalityContext, modelManifestSchema, type Preprocessor, type Sample } from '@affinis/core';
import plugin, { textModality } from './index.ts';

const vocabulary = [
  '[PAD]',
  '[UNK]',
  '[CLS]',
  '[SEP]',
  'a',
  'cat',
  'sat',
  '##s',
  '!',
  '猫',
  '1',
  'fi',
  '9',
  '𠀀',
  'οσ',
].join('\n');
const wordpiece = { kind: 'wordpiece', vocabulary: { file: 'vocab.txt', sha256: '0'.repeat(64) } };

interface Setting {
  readonly input?: Record<string, unknown>;
  readonly tokenizer?: Record<string, unknown>;
  readonly options?: Record<string, unknown>;
  readonly vocabulary?: Uint8Array;
}

const utf8 = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text));

function open(setting: Setting = {}): Promise<Preprocessor> {
  const manifest = modelManifestSchema.parse({
    name: 'tiny',
    version: '1',
    modality: 'text',
    artefact: { file: 'model.onnx', sha256: '0'.repeat(64) },
    licence: { name: 'none' },
    input: { maxTokens: 8, tokenizer: { ...wordpiece, ...setting.tokenizer }, ...setting.input },
    output: { dimension: 4 },
  });
  const context: ModalityContext = {
    manifest,
    options: setting.options ?? {},
    readFile: async () => setting.vocabulary ?? utf8(`${vocabulary}\n`),
    loadModel: () => Promise.reject(new Error('no helper models here')),
  };
  return textModality.open(context);
}

const text = (value: string): Sample => ({ kind: 'text', text: value });

async function idsOf(value: string, setting: Setting = {}): Promise<number[]> {
  const { inputs } = await (await open(setting)).prepare(text(value));
  return Array.from(inputs.input_ids?.data ?? [], Number);
}

describe('text modality', () => {
  it('is what the plugin offers, and takes texts only', () => {
    expect(plugin.modalities).toEqual([textModality]);
    expect(textModality.accepts?.(text('a'))).toBe(true);
    expect(textModality.accepts?.({ kind: 'media', bytes: new Uint8Array(1) })).toBe(false);
  });

  it('puts cls before the tokens and sep after them', async () => {
    const prepared = await (await open()).prepare(text('Cats  sat!'));
    expect(prepared).toEqual({
      inputs: {
        input_ids: { dtype: 'int64', shape: [1, 6], data: BigInt64Array.of(2n, 5n, 7n, 6n, 8n, 3n) },
        attention_mask: { dtype: 'int64', shape: [1, 6], data: BigInt64Array.of(1n, 1n, 1n, 1n, 1n, 1n) },
      },
      rows: 1,
      info: { kind: 'text', tokens: 6, truncated: false },
      decodeMs: 0,
    });
  });

  it('names inputs as the manifest does, type ids among them where it names them', async () => {
    const names = { ids: 'i', mask: 'm', typeIds: 't' };
    const { inputs } = await (await open({ input: names })).prepare(text('a cat'));
    expect(Object.keys(inputs)).toEqual(['i', 'm', 't']);
    expect(inputs.t?.data).toEqual(new BigInt64Array(4));
  });

  it('splits Han characters, drops accents and case, and knows special tokens that a text spells out', async () => {
    expect(await idsOf('a猫猫')).toEqual([2, 4, 9, 9, 3]);
    expect(await idsOf('CÁT')).toEqual([2, 5, 3]);
    expect(await idsOf('𠀀𠀀')).toEqual([2, 13, 13, 3]);
    // A final sigma stays a plain one, as in the tokenizer that models were trained with.
    expect(await idsOf('ΟΣ')).toEqual([2, 14, 3]);
    expect(await idsOf('CÁT', { tokenizer: { stripAccents: false } })).toEqual([2, 1, 3]);
    expect(await idsOf('Cat', { tokenizer: { lowercase: false } })).toEqual([2, 1, 3]);
    expect(await idsOf('a [SEP] cat')).toEqual([2, 4, 3, 5, 3]);
    expect(await idsOf('cats', { tokenizer: { maxCharactersPerWord: 3 } })).toEqual([2, 1, 3]);
  });

  it('normalises Unicode where the manifest says so', async () => {
    expect(await idsOf('ﬁ ⑨')).toEqual([2, 1, 1, 3]);
    expect(await idsOf('ﬁ ⑨', { input: { unicode: 'NFKC' } })).toEqual([2, 11, 12, 3]);
  });

  it('reads a vocabulary with Windows line ends', async () => {
    expect(await idsOf('a cat', { vocabulary: utf8(vocabulary.replaceAll('\n', '\r\n')) })).toEqual([2, 4, 5, 3]);
  });

  it('truncates a long text and keeps sep, or refuses it', async () => {
    const long = 'a '.repeat(7);
    const fits = 'a '.repeat(6);
    const { inputs, info } = await (await open()).prepare(text(long));
    expect(inputs.input_ids?.data).toEqual(BigInt64Array.of(2n, 4n, 4n, 4n, 4n, 4n, 4n, 3n));
    expect(info).toEqual({ kind: 'text', tokens: 8, truncated: true });
    expect((await (await open()).prepare(text(fits))).info).toEqual({ kind: 'text', tokens: 8, truncated: false });

    for (const setting of [{ input: { overlong: 'refuse' } }, { options: { overlong: 'refuse' } }]) {
      const strict = await open(setting);
      await expect(strict.prepare(text(fits))).resolves.toBeDefined();
      await expect(strict.prepare(text(long))).rejects.toMatchObject({
        code: 'invalid-argument',
        reason: 'TOO_LONG',
        field: 'text',
        message: expect.stringContaining('more than the 8 tokens'),
      });
    }
  });

  it.each(['', '   ', '\t\n\r', '\u0000\u200b\ufeff', '\u3000', '\u0301'])(
    'refuses %j, which holds no word',
    async (empty) => {
      await expect((await open()).prepare(text(empty))).rejects.toMatchObject({
        code: 'invalid-argument',
        reason: 'EMPTY',
        field: 'text',
      });
    },
  );

  it.each(['a\ud800', '\udc00cat', '\udc00\ud800'])('refuses half a surrogate pair', async (broken) => {
    await expect((await open()).prepare(text(broken))).rejects.toMatchObject({
      code: 'invalid-argument',
      reason: 'BAD_UNICODE',
      field: 'text',
    });
  });

  it('refuses other kinds of sample and says what it takes', async () => {
    const preprocessor = await open();
    const others: Sample[] = [
      { kind: 'media', bytes: Uint8Array.of(1) },
      { kind: 'pcm', samples: new Float32Array(1), sampleRateHz: 8000, channels: 1 },
      { kind: 'tensor', tensor: { dtype: 'int64', shape: [1, 1], data: BigInt64Array.of(1n) } },
    ];
    for (const sample of others)
      await expect(preprocessor.prepare(sample)).rejects.toMatchObject({
        code: 'invalid-argument',
        reason: 'UNSUPPORTED_KIND',
        field: sample.kind,
        message: expect.stringContaining('send a text sample'),
      });
  });

  it('degrades texts by recipe and seed, word overlap falling with severity', async () => {
    const { canonical, degrade } = await open();
    if (!canonical || !degrade) throw new Error('the text modality degrades');
    const sentences = [
      'A young child is riding a brown horse in the green field near the old house',
      'The stock market crashed today after a long week of bad news from the banks',
      'Three women are talking at the table while a man plays the guitar',
    ];
    const overlap = async (recipe: string) => {
      let sum = 0;
      for (const sentence of sentences)
        for (let seed = 0; seed < 20; seed++) {
          const sample = await canonical(text(sentence));
          const copy = await degrade(sample, { recipe, seed });
          expect(await degrade(sample, { recipe, seed })).toEqual(copy);
          const words = sentence.split(' ');
          const left = new Set(copy.kind === 'text' ? copy.text.split(' ') : []);
          sum += words.filter((word) => left.has(word)).length / words.length / 20 / sentences.length;
        }
      return sum;
    };
    for (const kind of ['words', 'truncation', 'typos']) {
      const overlaps = [await overlap(`${kind}:0`), await overlap(`${kind}:0.5`), await overlap(`${kind}:1`)];
      expect(overlaps).toEqual(overlaps.toSorted((a, b) => b - a));
      expect((overlaps[0] ?? 0) - (overlaps[2] ?? 1)).toBeGreaterThan(0.2);
    }
    expect(await overlap('mixed')).toBeGreaterThan(await overlap('any'));
    await expect(degrade(text('a cat'), { recipe: 'blur', seed: 1 })).rejects.toMatchObject({
      code: 'invalid-argument',
      message: expect.stringContaining('words, swaps, truncation'),
    });
    const media: Sample = { kind: 'media', bytes: Uint8Array.of(1) };
    for (const work of [canonical(media), degrade(media, { recipe: 'any', seed: 1 })])
      await expect(work).rejects.toMatchObject({ reason: 'UNSUPPORTED_KIND' });
  });

  it('pads a batch to its longest text and masks the padding', async () => {
    const preprocessor = await open({ input: { typeIds: 'token_type_ids' } });
    const prepared = await Promise.all(['a cat', 'cat'].map((value) => preprocessor.prepare(text(value))));
    expect(preprocessor.collate?.(prepared)).toEqual({
      input_ids: { dtype: 'int64', shape: [2, 4], data: BigInt64Array.of(2n, 4n, 5n, 3n, 2n, 5n, 3n, 0n) },
      attention_mask: { dtype: 'int64', shape: [2, 4], data: BigInt64Array.of(1n, 1n, 1n, 1n, 1n, 1n, 1n, 0n) },
      token_type_ids: { dtype: 'int64', shape: [2, 4], data: new BigInt64Array(8) },
    });
  });

  it('costs a short sentence one row and a long text no more than sixteen', () => {
    expect(textModality.cost?.(text('A man is playing a guitar.'))).toBe(1);
    expect(textModality.cost?.(text('x'.repeat(130)))).toBe(3);
    expect(textModality.cost?.(text('x'.repeat(1e6)))).toBe(16);
  });

  const hostile: [string, string][] = [
    ['words', 'a cat sat '.repeat(100_000)],
    ['one word', 'x'.repeat(1_000_000)],
    ['spaces', ' '.repeat(1_000_000)],
    ['invisible characters', '\u200b'.repeat(1_000_000)],
    ['combining marks out of order', `a${'\u0301\u0323'.repeat(500_000)}`],
    ['beginnings of a special token', '[CLS'.repeat(250_000)],
    ['compatibility characters', '\ufdfa'.repeat(1_000_000)],
  ];
  it.each(hostile)('takes a million characters of %s without a long wait', async (_, value) => {
    const preprocessor = await open({ input: { unicode: 'NFKC' } });
    const started = performance.now();
    await preprocessor.prepare(text(value)).catch(() => {});
    expect(performance.now() - started).toBeLessThan(3000);
  });
});

describe('opening', () => {
  const unusable: [string, Setting, string, string][] = [
    ['an unknown key', { input: { maxTokenz: 5 } }, 'input', 'maxTokenz'],
    ['no room for a token', { input: { maxTokens: 2 } }, 'input.maxTokens', 'input.maxTokens'],
    ['another tokenizer', { tokenizer: { kind: 'bpe' } }, 'input.tokenizer.kind', 'wordpiece'],
    ['an unknown option', { options: { overlng: 'refuse' } }, 'options', 'overlng'],
    ['a special token that is not there', { tokenizer: { cls: '<s>' } }, 'input.tokenizer.vocabulary', '"<s>"'],
    ['a vocabulary that is no text', { vocabulary: Uint8Array.of(0xff, 0xfe) }, 'input.tokenizer.vocabulary', 'UTF-8'],
  ];
  it.each(unusable)('refuses %s', async (_, setting, field, message) => {
    await expect(open(setting)).rejects.toMatchObject({
      code: 'failed-precondition',
      reason: 'MODEL_UNUSABLE',
      field,
      message: expect.stringContaining(message),
    });
  });
});

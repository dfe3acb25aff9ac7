import { randomBytes } from 'node:crypto';
import { errorFromStatus, v1 } from '@affinis/contracts';
import type { Sample } from '@affinis/core';
import { outcomesOf } from '../testing/results.ts';
import { groupPhoto, media, png, pngOf, sample, sampleBytes, text, tone } from '../testing/samples.ts';
import { useServer } from '../testing/use-server.ts';

const server = useServer({ config: 'embedders:\n  face: { options: { faces: single } }\n' });

/** What a bad sample comes to between two good ones of its kind, which must not suffer. */
async function refusal(
  bad: Sample,
  embedder: 'face' | 'voice',
): Promise<{ outcome: string; field: string | undefined }> {
  const good = embedder === 'face' ? 'faces/obama-1.jpg' : 'voices/storm-1.flac';
  const results = await server().client.embed([sample(good), bad, sample(good)], { embedder });
  expect([results[0]?.ok, results[2]?.ok]).toEqual([true, true]);
  const middle = results[1];
  if (middle && !middle.ok) expect(middle.error.code).toBe('invalid-argument');
  return { outcome: outcomesOf(results)[1] ?? '', field: middle?.ok ? undefined : middle?.error.field };
}

const jpeg = () => sampleBytes('faces/obama-1.jpg');

describe('a bad image fails alone:', () => {
  it.each<[string, () => Sample, string]>([
    ['truncated', () => media(jpeg().slice(0, 20_000)), 'UNDECODABLE'],
    ['not what its type says', () => media(jpeg(), 'image/png'), 'MEDIA_TYPE_MISMATCH'],
    ['text', () => media(new TextEncoder().encode('no image at all')), 'UNSUPPORTED_FORMAT'],
    ['random bytes', () => media(new Uint8Array(randomBytes(5000))), 'UNSUPPORTED_FORMAT'],
    ['a decompression bomb', () => media(pngOf(30_000, 30_000, new Uint8Array(64))), 'TOO_MANY_PIXELS'],
    ['one pixel', () => media(png(1, 1)), 'NO_FACE'],
    ['20,000 pixels wide', () => media(png(20_000, 200)), 'NO_FACE'],
    ['without a face', () => media(png(320, 240, new Uint8Array(randomBytes(320 * 240 * 3)))), 'NO_FACE'],
    ['of several people, where one is wanted', groupPhoto, 'SEVERAL_FACES'],
    [
      'with landmarks in one spot',
      () => ({ ...media(jpeg()), landmarks: Array(5).fill({ x: 9, y: 9 }) }),
      'BAD_LANDMARKS',
    ],
    [
      'a crop of another size',
      () => ({ kind: 'tensor', tensor: { dtype: 'uint8', shape: [9, 9, 3], data: new Uint8Array(243) } }),
      'BAD_TENSOR',
    ],
    ['a recording', () => sample('voices/storm-1.flac'), 'UNSUPPORTED_FORMAT'],
    ['a sentence', () => text('hello'), 'UNSUPPORTED_KIND'],
  ])('%s', async (_, bad, reason) => {
    const { outcome, field } = await refusal(bad(), 'face');
    expect(outcome).toBe(reason);
    expect(field).toMatch(/^items\[1\]\.sample/);
  });
});

describe('a bad recording fails alone:', () => {
  it.each<[string, () => Sample, string]>([
    ['truncated', () => media(sampleBytes('voices/storm-1.flac').slice(0, 9000)), 'UNDECODABLE'],
    ['silence', () => tone(3, { amplitude: 0 }), 'NO_SPEECH'],
    ['50 ms', () => tone(0.049), 'TOO_SHORT'],
    ['a tone and no speech', () => tone(2), 'NO_SPEECH'],
    ['not a number', () => ({ ...tone(1), samples: new Float32Array(16_000).fill(Number.NaN) }), 'BAD_PCM'],
    ['not scaled to -1..1', () => ({ ...tone(1), samples: new Float32Array(16_000).fill(3000) }), 'BAD_PCM'],
    ['a photo', () => sample('faces/obama-1.jpg'), 'UNSUPPORTED_FORMAT'],
  ])('%s', async (_, bad, reason) => {
    const { outcome, field } = await refusal(bad(), 'voice');
    expect(outcome).toBe(reason);
    expect(field).toMatch(/^items\[1\]\.sample/);
  });

  it.each(['voice-8khz.wav', 'voice-96khz-stereo-24bit.wav'])('but %s is a good one', async (name) => {
    expect((await refusal(sample(`formats/${name}`), 'voice')).outcome).toBe('ok');
  });
});

/** What the client would not even send. */
describe('a malformed sample fails alone:', () => {
  const content = (sample: v1.Sample['content']): v1.Sample => ({ content: sample });
  const pcm = (samples: Uint8Array, sampleRateHz = 16_000, channels = 1) =>
    content({
      $case: 'pcm',
      value: { samples, encoding: v1.PcmEncoding.FLOAT32, sampleRateHz, channels, chunkedBytes: 0n },
    });

  it.each<[string, v1.Sample | undefined, string]>([
    ['missing', undefined, 'EMPTY'],
    ['without content', { content: undefined }, 'EMPTY'],
    ['an empty file', content({ $case: 'media', value: v1.Media.create() }), 'EMPTY'],
    [
      'chunks without a stream',
      content({ $case: 'media', value: v1.Media.create({ chunkedBytes: 9n }) }),
      'CHUNKS_WITHOUT_STREAM',
    ],
    [
      'two landmarks',
      content({
        $case: 'media',
        value: v1.Media.create({
          data: new Uint8Array(9),
          landmarks: [
            { x: 1, y: 1 },
            { x: 2, y: 2 },
          ],
        }),
      }),
      'MALFORMED',
    ],
    ['floats cut in half', pcm(new Uint8Array(4001)), 'MALFORMED'],
    ['nine channels', pcm(new Uint8Array(3600), 16_000, 9), 'MALFORMED'],
    [
      'a tensor with too few bytes',
      content({
        $case: 'tensor',
        value: { dataType: v1.DataType.UINT8, shape: [150, 150, 3], data: new Uint8Array(9), chunkedBytes: 0n },
      }),
      'MALFORMED',
    ],
    [
      'a tensor of no type',
      content({ $case: 'tensor', value: v1.Tensor.create({ shape: [1], data: new Uint8Array(1) }) }),
      'MALFORMED',
    ],
    [
      'an embedding',
      content({ $case: 'embedding', value: v1.Embedding.create({ space: 'x', mean: new Uint8Array(8) }) }),
      'ALREADY_EMBEDDED',
    ],
  ])('%s', async (_, bad, reason) => {
    const good = content({ $case: 'media', value: v1.Media.create({ data: jpeg() }) });
    const items = [good, bad, good].map((sample, index) => ({ id: String(index), sample }));
    const { results } = await server().raw.unary(v1.EmbedderService.embed, { embedder: 'face', items });
    expect(results.map(({ embedding }) => embedding !== undefined)).toEqual([true, false, true]);
    const error = errorFromStatus(results[1]?.status);
    expect(error).toMatchObject({
      code: 'invalid-argument',
      reason,
      field: expect.stringMatching(/^items\[1\]\.sample/),
    });
  });
});

it('answers as before, when all of that is over', async () => {
  expect(outcomesOf(await server().client.embed([sample('faces/obama-1.jpg')], { embedder: 'face' }))).toEqual(['ok']);
  expect(server().log.filter(({ level }) => Number(level) >= 50)).toEqual([]);
});

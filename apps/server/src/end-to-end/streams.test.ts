import { createAffinisClient } from '@affinis/client';
import type { Comparison, MediaSample, TensorSample } from '@affinis/core';
import { alignmentTransform, decodeImage, warp } from '@affinis/modality-image';
import { errorOf, unwrap, unwrapAll } from '../testing/results.ts';
import { largePhoto, media, png, sample, sampleBytes } from '../testing/samples.ts';
import { useServer } from '../testing/use-server.ts';

const server = useServer({ config: 'server: { maxBatchItems: 8 }' });

const obama = sample('faces/obama-1.jpg');
const obamaLater = sample('faces/obama-2.jpg');
const biden = sample('faces/biden-1.jpg');
const storm = sample('voices/storm-1.flac');
const noFace = media(png(64, 64));

describe('VerifyStream', () => {
  it('answers each item by its id, faces and voices side by side, a bad one alone', async () => {
    const items: Record<string, Comparison> = {
      'same face': { left: [obama], right: [obamaLater] },
      'other face': { left: [obama], right: [biden] },
      bad: { left: [obama], right: [noFace] },
      'same voice': { left: [storm], right: [sample('voices/storm-2.flac')] },
      'other voice': { left: [storm], right: [sample('voices/klatt-1.flac')] },
    };
    const named = Object.entries(items).map(([id, item]) => ({ id, ...item }));
    const seen: Record<string, string> = {};
    for await (const { id, result } of server().client.verifyStream(named))
      seen[id] = result.ok ? `${result.value.pipeline.pipeline} ${result.value.decision}` : `${result.error.field}`;
    expect(seen).toEqual({
      'same face': 'face match',
      'other face': 'face no_match',
      bad: 'item.right.samples[0].media',
      'same voice': 'voice match',
      'other voice': 'voice no_match',
    });
  });

  it('answers while it is being asked', async () => {
    const pair = { left: [obama], right: [obamaLater] };
    let answered = 0;
    let release: () => void = () => undefined;
    const firstAnswer = new Promise<void>((resolve) => {
      release = resolve;
    });
    async function* items() {
      yield { id: 'first', ...pair };
      await firstAnswer;
      expect(answered).toBe(1);
      yield { id: 'second', ...pair };
    }
    for await (const { result } of server().client.verifyStream(items(), { pipeline: 'face-euclidean' })) {
      answered++;
      expect(unwrap(result).pipeline.pipeline).toBe('face-euclidean');
      release();
    }
    expect(answered).toBe(2);
  });

  it('an unknown pipeline fails the stream', async () => {
    const call = server().client.verifyStream([{ id: '', left: [obama], right: [biden] }], { pipeline: 'palm' });
    expect(await errorOf(call[Symbol.asyncIterator]().next())).toMatchObject({
      code: 'not-found',
      reason: 'NO_PIPELINE',
    });
  });
});

describe('EmbedStream', () => {
  it('gives what Embed gives', async () => {
    const samples = [obama, noFace, biden, storm];
    const batch = await server().client.embed(samples);
    const items = samples.map((each, index) => ({ id: String(index), sample: each }));
    let answers = 0;
    for await (const { id, result } of server().client.embedStream(items)) {
      answers++;
      const expected = batch[Number(id)];
      expect(result.ok).toBe(expected?.ok);
      if (result.ok)
        expect(cosine(result.value.embedding.mean, unwrap(expected).embedding.mean)).toBeGreaterThan(0.9999);
    }
    expect(answers).toBe(4);
  });

  it('more items than a batch may hold, from a batch call', async () => {
    const crop: TensorSample = {
      kind: 'tensor',
      tensor: { dtype: 'uint8', shape: [150, 150, 3], data: new Uint8Array(150 * 150 * 3).fill(128) },
    };
    const client = createAffinisClient({ address: server().address, deadlineMs: 60_000, maxBatchItems: 8 });
    const results = await client.embed(Array(20).fill(crop), { embedder: 'face' });
    client.close();
    expect(unwrapAll(results)).toHaveLength(20);
  });

  it('left in the middle, it is cancelled and others are answered', async () => {
    const items = Array.from({ length: 40 }, (_, index) => ({ id: String(index), sample: obama }));
    for await (const { result } of server().client.embedStream(items)) {
      expect(result.ok).toBe(true);
      break;
    }
    expect(unwrapAll(await server().client.embed([biden]))).toHaveLength(1);
  });
});

describe('CompareStream', () => {
  it('takes photos that are too large for a message, and one bad among them', async () => {
    const large = media(await largePhoto('faces/obama-1.jpg', 5e6));
    const results = await server().client.compare([
      { left: [large], right: [obamaLater] },
      { left: [large], right: [noFace] },
    ]);
    const [good = [], bad = []] = unwrapAll(results);
    expect(good.map(({ pipeline }) => pipeline)).toEqual([
      'face',
      'face-cosine',
      'face-euclidean',
      'face-mls',
      'face-mls-llr',
    ]);
    expect(unwrapAll(good.map(({ result }) => result)).map(({ decision }) => decision)).toEqual(Array(5).fill('match'));
    for (const { result } of bad) expect(result).toMatchObject({ ok: false, error: { reason: 'NO_FACE' } });
  });
});

describe('a client that finds and aligns faces itself', () => {
  const photo: MediaSample = media(sampleBytes('faces/obama-1.jpg'));
  // The template of models/face-dlib128, as its manifest gives it.
  const template = [
    [47.5492, 46.599],
    [100.4761, 46.599],
    [74.0127, 76.5625],
    [50.4149, 103.0233],
    [97.6104, 103.0233],
  ].map(([x = 0, y = 0]) => ({ x, y }));

  async function found() {
    const { embedding, info } = unwrap((await server().client.embed([photo]))[0]);
    if (info?.kind !== 'image' || !info.landmarks) throw new Error('no landmarks');
    return { embedding, landmarks: info.landmarks };
  }

  it('sends the five points with the photo, and no detector runs', async () => {
    const { embedding, landmarks } = await found();
    const answer = unwrap((await server().client.embed([{ ...photo, landmarks }], { embedder: 'face' }))[0]);
    expect(answer.info).toMatchObject({ kind: 'image', landmarks: { length: 5 } });
    expect(answer.info?.kind === 'image' && answer.info.facesFound).toBeUndefined();
    expect(cosine(answer.embedding.mean, embedding.mean)).toBeGreaterThan(0.9999);
  });

  it('sends the aligned crop, as bytes or as floats, which is embedded as the photo was', async () => {
    const { embedding, landmarks } = await found();
    const transform = alignmentTransform(landmarks, { template, width: 150, height: 150 });
    if (!transform) throw new Error('no alignment');
    const { data } = warp(await decodeImage(photo.bytes), transform, 150, 150);
    const shape = [150, 150, 3];
    const crops: TensorSample[] = [
      { kind: 'tensor', tensor: { dtype: 'uint8', shape, data } },
      { kind: 'tensor', tensor: { dtype: 'float32', shape, data: Float32Array.from(data) } },
    ];
    const [bytes, floats] = unwrapAll(await server().client.embed(crops, { embedder: 'face' }));
    expect(cosine(bytes?.embedding.mean, embedding.mean)).toBeGreaterThan(0.99);
    expect(cosine(floats?.embedding.mean, bytes?.embedding.mean)).toBeCloseTo(1, 5);
  });
});

function cosine(left: Float32Array = new Float32Array(), right: Float32Array = new Float32Array()): number {
  expect(left).toHaveLength(right.length);
  const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, value, index) => sum + value * (b[index] ?? 0), 0);
  return dot(left, right) / Math.sqrt(dot(left, left) * dot(right, right));
}

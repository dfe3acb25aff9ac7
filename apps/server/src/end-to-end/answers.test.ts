import type { VerifyAnswer } from '@affinis/client';
import type { Sample, TensorSample } from '@affinis/core';
import { decodeImage } from '@affinis/modality-image';
import { unwrap, unwrapAll } from '../testing/results.ts';
import { sample, sampleBytes, tone } from '../testing/samples.ts';
import { useServer } from '../testing/use-server.ts';

const server = useServer();

const verifyOne = async (left: readonly Sample[], right: readonly Sample[], pipeline?: string) =>
  unwrap((await server().client.verify([{ left, right }], { pipeline }))[0]);

const who = ({ pipeline, decision }: VerifyAnswer) => `${pipeline.pipeline} ${pipeline.model.name}: ${decision}`;

describe('photos and recordings', () => {
  it('go by their kind to the default pipeline, several kinds in one batch', async () => {
    const answers = await server().client.verify([
      { left: [sample('faces/obama-1.jpg')], right: [sample('faces/obama-2.jpg')] },
      { left: [sample('faces/obama-1.jpg')], right: [sample('faces/biden-1.jpg')] },
      { left: [sample('voices/steph-1.flac')], right: [sample('voices/steph-2.flac')] },
      { left: [sample('voices/steph-1.flac')], right: [sample('voices/storm-1.flac')] },
    ]);
    expect(unwrapAll(answers).map(who)).toEqual([
      'face face-dlib128: match',
      'face face-dlib128: no_match',
      'voice speaker-ge2e-int8: match',
      'voice speaker-ge2e-int8: no_match',
    ]);
  });

  it('say who answered, what was found and how long each phase took', async () => {
    const answer = await verifyOne([sample('faces/obama-1.jpg')], [sample('faces/obama-2.jpg')]);
    expect(answer).toMatchObject({
      pipeline: {
        pipeline: 'face',
        model: { name: 'face-dlib128', version: '2', sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
        metric: { name: 'mls', polarity: 'similarity' },
      },
      threshold: { source: 'calibration' },
      left: [{ kind: 'image', facesFound: 1 }],
      right: [{ kind: 'image', facesFound: 1 }],
    });
    const { decodeMs, prepareMs, inferenceMs } = answer.timings;
    for (const phase of [decodeMs, prepareMs, inferenceMs]) expect(phase).toBeGreaterThan(0);
  });

  it.each(['jpg', 'png', 'webp'])('compare across formats: %s', async (extension) => {
    const names = { jpg: 'face-orientation-6.jpg', png: 'face-alpha.png', webp: 'face.webp' };
    const other = sample(`formats/${names[extension as keyof typeof names]}`);
    expect((await verifyOne([sample('faces/collins-1.jpg')], [other])).decision).toBe('match');
  });

  it.each(['wav', 'mp3', 'ogg', 'opus'])('compare across formats: %s', async (extension) => {
    const other = sample(`formats/voice.${extension}`);
    expect((await verifyOne([sample('formats/voice.flac')], [other], 'voice-cosine')).score).toBeGreaterThan(0.95);
  });

  it('fuse several samples of a side', async () => {
    const both = [sample('faces/obama-1.jpg'), sample('faces/obama-2.jpg')];
    const answer = await verifyOne(both, [sample('faces/obama-1.jpg')], 'face-cosine');
    const single = await verifyOne([sample('faces/obama-2.jpg')], [sample('faces/obama-1.jpg')], 'face-cosine');
    expect(answer.left).toHaveLength(2);
    expect(answer.score).toBeGreaterThan(single.score);
    expect(answer.score).toBeLessThan(1);
  });
});

describe('what was prepared or embedded before', () => {
  it('an aligned crop goes in as a tensor', async () => {
    const { width, height, data } = await decodeImage(sampleBytes('formats/face.png'));
    const crop = new Uint8Array(150 * 150 * 3);
    for (let row = 0; row < Math.min(height, 150); row++)
      crop.set(data.subarray(row * width * 3, row * width * 3 + Math.min(width, 150) * 3), row * 150 * 3);
    const tensor: TensorSample = { kind: 'tensor', tensor: { dtype: 'uint8', shape: [150, 150, 3], data: crop } };
    const { embedding, info } = unwrap((await server().client.embed([tensor], { embedder: 'face' }))[0]);
    expect(embedding.mean).toHaveLength(128);
    expect(info).toBeUndefined();
    expect((await verifyOne([tensor], [tensor], 'face-cosine')).score).toBeCloseTo(1, 5);
  });

  it('PCM is the recording that it was decoded from', async () => {
    const wav = Buffer.from(sampleBytes('formats/voice.wav'));
    const samples = Float32Array.from(
      { length: (wav.length - 44) / 2 },
      (_, index) => wav.readInt16LE(44 + 2 * index) / 32768,
    );
    const pcm: Sample = { kind: 'pcm', samples, sampleRateHz: 16_000, channels: 1 };
    expect((await verifyOne([pcm], [sample('formats/voice.wav')], 'voice-cosine')).score).toBeCloseTo(1, 4);
  });

  it('embeddings come back as sent, and a pair of them is scored like the photos', async () => {
    const photos = [sample('faces/obama-1.jpg'), sample('faces/obama-2.jpg')] as const;
    const [left, right] = unwrapAll(await server().client.embed(photos)).map(({ embedding }) => embedding);
    if (!left || !right) throw new Error('no embedding');
    const fromPhotos = await verifyOne([photos[0]], [photos[1]]);
    const [fromEmbeddings] = await server().client.verify([
      { left: [{ kind: 'embedding', embedding: left }], right: [{ kind: 'embedding', embedding: right }] },
    ]);
    expect(unwrap(fromEmbeddings).score).toBeCloseTo(fromPhotos.score, 6);
    const scores = await server().client.score([{ left, right }], { metric: 'mls' });
    expect(unwrap(scores.results[0])).toBeCloseTo(fromPhotos.score, 6);
  });

  it('tells the client what an embedder is, and which names there are', async () => {
    const { client } = server();
    const embedders = await client.listEmbedders();
    expect(embedders.map(({ name }) => name)).toEqual(['face', 'voice', 'text']);
    expect(embedders[0]).toMatchObject({
      availability: { available: true },
      description: { dimension: 128, unitNorm: true, modality: 'image' },
    });
    const metrics = await client.listMetrics();
    expect(metrics.map(({ name }) => name)).toEqual(expect.arrayContaining(['cosine', 'euclidean', 'mls']));
    const pipelines = await client.listPipelines();
    expect(pipelines.filter(({ isDefault }) => isDefault).map(({ name }) => name)).toEqual(['face', 'voice', 'text']);
    expect(pipelines.find(({ name }) => name === 'face-euclidean')).toMatchObject({
      metric: { name: 'euclidean', polarity: 'distance' },
      threshold: { source: 'calibration' },
    });
  });
});

describe('Compare', () => {
  it('asks every pipeline of the kind and embeds each sample once', async () => {
    const pair = { left: [sample('faces/obama-1.jpg')], right: [sample('faces/obama-2.jpg')] };
    const [row] = unwrapAll(await server().client.compare([pair]));
    expect(row?.map(({ pipeline }) => pipeline)).toEqual([
      'face',
      'face-cosine',
      'face-euclidean',
      'face-mls',
      'face-mls-llr',
    ]);
    const answers = unwrapAll((row ?? []).map(({ result }) => result));
    expect(answers.map(({ decision }) => decision)).toEqual(Array(5).fill('match'));
    // One embedding behind all of them: the same measured times, and distances that belong to the cosine.
    expect(new Set(answers.map(({ timings }) => timings.inferenceMs)).size).toBe(1);
    const [, cosine, euclidean] = answers.map(({ score }) => score);
    expect(euclidean).toBeCloseTo(Math.sqrt(2 - 2 * (cosine ?? 0)), 5);
  });

  it('names what it is asked for, in that order', async () => {
    const pair = { left: [tone(2)], right: [tone(2)] };
    const [result] = await server().client.compare([pair], { pipelines: ['voice-cosine', 'voice'] });
    expect(unwrap(result).map(({ pipeline }) => pipeline)).toEqual(['voice-cosine', 'voice']);
  });
});

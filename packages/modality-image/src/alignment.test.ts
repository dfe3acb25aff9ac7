import { readFileSync } from 'node:fs';
import { developmentData } from '@affinis/conformance';
import { type Point, uint8 } from '@affinis/core';
import { type Alignment, alignmentTransform } from './alignment.ts';
import { decodeImage } from './decode.ts';
import { cosine, embed, openModality } from './testing/models.ts';
import { readZip } from './testing/zip.ts';
import { warp } from './warp.ts';

const goldenFile = developmentData('reference/face-dlib128-golden.json');
const chipFile = developmentData('reference/face-dlib128-golden-chip.npy');
const photosFile = developmentData('faces/lfw-dev.zip');

interface Golden {
  readonly image: string;
  readonly landmarks_yunet: [number, number][];
  readonly template_150: [number, number][];
  readonly matrix_2x3: [[number, number, number], [number, number, number]];
  readonly embedding: number[];
}

const size = 150;
const toPoint = ([x, y]: [number, number]) => ({ x, y });

/** Made by OpenCV and the original network (data/README.md). */
(goldenFile && chipFile && photosFile ? describe : describe.skip)('the golden face', () => {
  // A skipped suite's body runs too, so nothing is read before the tests.
  let golden: Golden;
  let chip: Uint8Array;
  let photo: Buffer;
  let landmarks: Point[];
  let alignment: Alignment;

  beforeAll(() => {
    golden = JSON.parse(readFileSync(goldenFile ?? '', 'utf8')) as Golden;
    chip = new Uint8Array(readFileSync(chipFile ?? '').subarray(-size * size * 3));
    photo = readZip(readFileSync(photosFile ?? '')).get(golden.image)?.() ?? Buffer.alloc(0);
    landmarks = golden.landmarks_yunet.map(toPoint);
    alignment = { template: golden.template_150.map(toPoint), width: size, height: size };
  });

  it('has the reference transform', () => {
    const t = alignmentTransform(landmarks, alignment);
    const [[a, b, tx], [c, d, ty]] = golden.matrix_2x3;
    for (const [name, value] of Object.entries({ a, b, tx, c, d, ty })) expect(t?.[name as 'a']).toBeCloseTo(value, 5);
  });

  it('is cut as OpenCV cuts it', async () => {
    const t = alignmentTransform(landmarks, alignment);
    if (!t) throw new Error('the golden landmarks are a face');
    const { data } = warp(await decodeImage(photo), t, size, size);
    const worst = data.reduce((most, value, at) => Math.max(most, Math.abs(value - (chip[at] ?? 0))), 0);
    expect(worst).toBeLessThanOrEqual(1);
  });

  it('gives the golden embedding from the reference crop, the landmarks, and found by itself', async () => {
    const preprocessor = await openModality();
    const fromCrop = await embed(await preprocessor.prepare({ kind: 'tensor', tensor: uint8([size, size, 3], chip) }));
    for (const [d, value] of golden.embedding.entries())
      expect(Math.abs((fromCrop[d] ?? 0) - value)).toBeLessThan(1e-4);
    const fromLandmarks = await embed(await preprocessor.prepare({ kind: 'media', bytes: photo, landmarks }));
    expect(cosine(fromLandmarks, golden.embedding)).toBeGreaterThan(0.999);
    const alone = await embed(await preprocessor.prepare({ kind: 'media', bytes: photo }));
    expect(cosine(alone, golden.embedding)).toBeGreaterThan(0.97);
  });
});

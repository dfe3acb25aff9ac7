import { createSeededRandom, type Degradation, type Sample, type TensorSample } from '@affinis/core';
import sharp from 'sharp';
import { floatsOf } from '../floats-of.ts';
import type { RgbImage } from '../rgb-image.ts';
import { cosine, embed, openModality, repositoryFile } from '../testing/models.ts';
import { imageDegradations } from './kinds.ts';

const faces = ['obama-1', 'collins-1'];
const preprocess = async () => {
  const { canonical, degrade, prepare } = await openModality();
  if (!canonical || !degrade) throw new Error('the image modality degrades');
  return { canonical, degrade, prepare };
};
const cropOf = async (name: string): Promise<TensorSample> => {
  const { canonical } = await preprocess();
  return (await canonical({ kind: 'media', bytes: repositoryFile(`samples/faces/${name}.jpg`) })) as TensorSample;
};
const imageOf = ({ tensor }: TensorSample): RgbImage => ({
  height: tensor.shape[0] ?? 0,
  width: tensor.shape[1] ?? 0,
  data: tensor.data as Uint8Array,
});
const degrade = async (image: RgbImage, name: string, severity: number, seed = 1): Promise<RgbImage> => {
  const kind = imageDegradations.find((each) => each.name === name);
  if (!kind) throw new Error(name);
  return kind.apply(image, severity, createSeededRandom(seed));
};
const grey = (side: number, value: (x: number, y: number) => number): RgbImage => ({
  width: side,
  height: side,
  data: Uint8Array.from({ length: side * side * 3 }, (_, at) => {
    const pixel = Math.floor(at / 3);
    return value(pixel % side, Math.floor(pixel / side));
  }),
});
const bytesOf = (values: Float32Array = new Float32Array(0)) =>
  new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
const mean = (values: ArrayLike<number>) => Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;
/** Jest compares long arrays value by value, which takes seconds. */
const same = (one: RgbImage, other: RgbImage) => Buffer.compare(one.data, other.data) === 0;
function meanSquaredDifference(one: RgbImage, other: RgbImage): number {
  let sum = 0;
  for (let at = 0; at < one.data.length; at++) sum += ((one.data[at] ?? 0) - (other.data[at] ?? 0)) ** 2;
  return sum / one.data.length;
}

describe.each(imageDegradations.map(({ name }) => name))('%s', (name) => {
  let crops: RgbImage[];
  beforeAll(async () => {
    crops = (await Promise.all(faces.map(cropOf))).map(imageOf);
  });

  it('keeps the size and the original, is the same for the same seed, and grows with severity', async () => {
    const differences = [];
    for (const severity of [0, 0.5, 1]) {
      let difference = 0;
      for (const [at, crop] of crops.entries())
        for (const seed of [1, 2, 3]) {
          const before = { ...crop, data: crop.data.slice() };
          const degraded = await degrade(crop, name, severity, seed + 10 * at);
          expect(same(crop, before)).toBe(true);
          expect([degraded.width, degraded.height, degraded.data.length]).toEqual([150, 150, 67_500]);
          expect(degraded.data).toBeInstanceOf(Uint8Array);
          difference += meanSquaredDifference(crop, degraded);
          if (seed === 1) expect(same(await degrade(crop, name, severity, seed + 10 * at), degraded)).toBe(true);
        }
      differences.push(difference);
    }
    const [least = 0, middle = 0, most = 0] = differences;
    expect(least).toBeGreaterThan(0);
    expect(middle).toBeGreaterThan(least);
    expect(most).toBeGreaterThan(middle);
  });
});

/** Standard deviation, in pixels, of what a step edge becomes when it is blurred. */
async function lineSpread(name: string, severity: number, side: number): Promise<number> {
  const middle = side / 2;
  const { data } = await degrade(
    grey(side, (x) => (x < middle ? 0 : 255)),
    name,
    severity,
  );
  const row = Array.from({ length: side }, (_, x) => data[(middle * side + x) * 3] ?? 0);
  const slopes = row.slice(1).map((value, x) => value - (row[x] ?? 0));
  const total = slopes.reduce((sum, slope) => sum + slope, 0);
  const centre = slopes.reduce((sum, slope, x) => sum + slope * x, 0) / total;
  return Math.sqrt(slopes.reduce((sum, slope, x) => sum + slope * (x - centre) ** 2, 0) / total);
}

describe('what a kind says it does', () => {
  it('blur has the sigma stated, in proportion to the crop', async () => {
    expect(await lineSpread('blur', 0, 112)).toBeCloseTo(0.5, 1);
    expect(await lineSpread('blur', 0.5, 112)).toBeCloseTo(2.75, 1);
    expect(await lineSpread('blur', 1, 112)).toBeCloseTo(5, 0);
    expect((await lineSpread('blur', 1, 224)) / (await lineSpread('blur', 1, 112))).toBeCloseTo(2, 1);
  });

  it.each([
    [0, 3],
    [1, 23],
  ])('motion of severity %i smears a point over a line of %i pixels', async (severity, length) => {
    const point = grey(112, (x, y) => (x === 56 && y === 56 ? 255 : 0));
    for (const seed of [1, 2, 3]) {
      const { data } = await degrade(point, 'motion', severity, seed);
      const lit = Array.from({ length: 112 * 112 }, (_, pixel) => pixel).filter((pixel) => (data[pixel * 3] ?? 0) > 0);
      const ends = lit.map((pixel) => Math.hypot((pixel % 112) - 56, Math.floor(pixel / 112) - 56));
      expect(Math.abs(2 * Math.max(...ends) + 1 - length)).toBeLessThanOrEqual(1.5);
    }
  });

  it('JPEG leaves less to tell the more it compresses', async () => {
    const crop = imageOf(await cropOf('obama-1'));
    const sizes = [];
    for (const severity of [0, 1]) {
      const { data } = await degrade(crop, 'jpeg', severity);
      sizes.push(
        (
          await sharp(data, { raw: { width: 150, height: 150, channels: 3 } })
            .png()
            .toBuffer()
        ).length,
      );
    }
    const [least = 0, most = 0] = sizes;
    expect(least).toBeGreaterThan(1.5 * most);
  });

  it.each([
    [0, 0.05],
    [1, 0.45],
  ])('occlusion of severity %i covers a share of %d', async (severity, share) => {
    const white = grey(112, () => 255);
    for (let seed = 0; seed < 20; seed++) {
      const { data } = await degrade(white, 'occlusion', severity, seed);
      let covered = 0;
      for (let at = 0; at < data.length; at += 3)
        if ((data[at] ?? 0) + (data[at + 1] ?? 0) + (data[at + 2] ?? 0) < 765) covered += 3;
      expect(Math.abs(covered / data.length - share)).toBeLessThan(0.02);
    }
  });

  it('noise and darkness have the strength stated', async () => {
    const even = grey(112, () => 128);
    const noisy = (await degrade(even, 'noise', 0)).data;
    expect(mean(noisy)).toBeCloseTo(128, 0);
    expect(Math.sqrt(mean(Array.from(noisy, (value) => (value - 128) ** 2)))).toBeCloseTo(5, 0);
    expect(mean((await degrade(even, 'darkness', 0)).data) / 128).toBeCloseTo(0.6, 2);
    expect(mean((await degrade(even, 'darkness', 1)).data) / 128).toBeCloseTo(0.04, 2);
  });

  it('mosaic has 30 to 9 tiles a side, and resolution no more detail than 48 to 12 pixels', async () => {
    const ramp = grey(112, (x) => 2 * x);
    const edges = ({ data }: RgbImage) =>
      Array.from({ length: 111 }, (_, x) => data[3 * x + 3] !== data[3 * x]).filter(Boolean).length;
    expect(edges(await degrade(ramp, 'mosaic', 0))).toBe(29);
    expect(edges(await degrade(ramp, 'mosaic', 1))).toBe(8);
    const stripes = grey(112, (x) => (x % 4 < 2 ? 0 : 255));
    const contrast = async (severity: number) => {
      const { data } = await degrade(stripes, 'resolution', severity);
      const [least, most] = [Math.min(...data.subarray(60, 276)), Math.max(...data.subarray(60, 276))];
      return most - least;
    };
    expect(await contrast(1)).toBeLessThan(60);
  });
});

describe('the modality', () => {
  it('prepares a canonical crop as it prepares the photo', async () => {
    const { canonical, prepare } = await preprocess();
    const photo: Sample = { kind: 'media', bytes: repositoryFile('samples/faces/biden-1.jpg') };
    const crop = await canonical(photo);
    const [fromCrop, fromPhoto] = [await prepare(crop), await prepare(photo)].map(({ inputs }) =>
      floatsOf(inputs, 'input'),
    );
    expect(Buffer.compare(bytesOf(fromCrop), bytesOf(fromPhoto))).toBe(0);
    expect(await canonical(crop)).toBe(crop);
  });

  it('leaves a third of mixed copies clean, and none of any', async () => {
    const preprocessor = await preprocess();
    const crop = await cropOf('biden-1');
    const clean = async (recipe: string) => {
      let count = 0;
      for (let seed = 0; seed < 60; seed++) {
        const degraded = (await preprocessor.degrade(crop, { recipe, seed })) as TensorSample;
        if (Buffer.compare(degraded.tensor.data as Uint8Array, crop.tensor.data as Uint8Array) === 0) count++;
      }
      return count;
    };
    const count = await clean('mixed');
    expect(count).toBeGreaterThan(10);
    expect(count).toBeLessThan(30);
    expect(await clean('any')).toBe(0);
  });

  it('refuses recipes that it does not know, and what is no crop', async () => {
    const { canonical, degrade: degradeSample } = await preprocess();
    const crop = await cropOf('biden-1');
    const recipe = (name: string): Degradation => ({ recipe: name, seed: 1 });
    await expect(degradeSample(crop, recipe('typos'))).rejects.toMatchObject({
      code: 'invalid-argument',
      message: expect.stringContaining('occlusion, stripes'),
    });
    const text: Sample = { kind: 'text', text: 'a face' };
    for (const work of [canonical(text), degradeSample(text, recipe('any'))])
      await expect(work).rejects.toMatchObject({ code: 'invalid-argument', reason: 'UNSUPPORTED_KIND', field: 'text' });
    const small: Sample = { kind: 'tensor', tensor: { dtype: 'uint8', shape: [2, 2, 3], data: new Uint8Array(12) } };
    for (const work of [canonical(small), degradeSample(small, recipe('any'))])
      await expect(work).rejects.toMatchObject({ reason: 'BAD_TENSOR', field: 'tensor.shape' });
  });

  it.each(imageDegradations.filter(({ seen }) => seen).map(({ name }) => name))(
    '%s moves an embedding the further the more severe it is',
    async (name) => {
      const { degrade: degradeSample, prepare } = await preprocess();
      const likeness = async (crop: TensorSample, recipe: string) =>
        cosine(
          await embed(await prepare(crop)),
          await embed(await prepare(await degradeSample(crop, { recipe, seed: 5 }))),
        );
      const [mild, severe] = [[] as number[], [] as number[]];
      for (const face of faces) {
        const crop = await cropOf(face);
        mild.push(await likeness(crop, `${name}:0`));
        severe.push(await likeness(crop, `${name}:1`));
      }
      expect(mean(mild)).toBeGreaterThan(mean(severe) + 0.005);
    },
  );
});

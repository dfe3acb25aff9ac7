import fc from 'fast-check';
import { scaleAffine } from './affine.ts';
import { resample } from './resample.ts';
import type { RgbImage } from './rgb-image.ts';
import { warp } from './warp.ts';

const pixelImage = fc
  .tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }))
  .chain(([width, height]) =>
    fc
      .uint8Array({ minLength: width * height * 3, maxLength: width * height * 3 })
      .map((data): RgbImage => ({ width, height, data })),
  );

const pixel = ({ width, height, data }: RgbImage, x: number, y: number): number[] =>
  x < 0 || y < 0 || x >= width || y >= height
    ? [0, 0, 0]
    : [...data.subarray((y * width + x) * 3, (y * width + x) * 3 + 3)];

const identity = { a: 1, b: 0, tx: 0, c: 0, d: 1, ty: 0 };

describe('warp', () => {
  it('moves whole pixels exactly, black from outside', () => {
    const shift = fc.integer({ min: -12, max: 12 });
    fc.assert(
      fc.property(pixelImage, shift, shift, (image, tx, ty) => {
        const moved = warp(image, { ...identity, tx, ty }, 8, 8);
        for (let y = 0; y < 8; y++)
          for (let x = 0; x < 8; x++) expect(pixel(moved, x, y)).toEqual(pixel(image, x - tx, y - ty));
      }),
    );
  });

  it('turns by a quarter exactly', () => {
    const image = { width: 2, height: 1, data: Uint8Array.of(1, 2, 3, 4, 5, 6) };
    const turned = warp(image, { a: 0, b: -1, tx: 0, c: 1, d: 0, ty: 0 }, 1, 2);
    expect([...turned.data]).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('interpolates between neighbours, and towards black at the border', () => {
    const image = { width: 2, height: 1, data: Uint8Array.of(100, 0, 0, 200, 0, 0) };
    const half = warp(image, { ...identity, tx: 0.25 }, 3, 1);
    expect([half.data[0], half.data[3], half.data[6]]).toEqual([75, 175, 50]);
  });
});

describe('resample', () => {
  it('averages what it skips: an even grey stays, stripes of one pixel become their mean', () => {
    const [width, height] = [64, 48];
    const stripes = Uint8Array.from({ length: width * height * 3 }, (_, at) =>
      Math.floor(at / 3) % 2 === 0 ? 0 : 200,
    );
    const small = resample({ width, height, data: stripes }, scaleAffine(1 / 8), 8, 6);
    expect([...small.data]).toEqual(Array.from({ length: 8 * 6 * 3 }, () => 100));
  });

  it('keeps places where they are: a gradient is the same at any size', () => {
    const [width, height] = [240, 10];
    const gradient = Uint8Array.from({ length: width * height * 3 }, (_, at) => Math.floor(at / 3) % width);
    for (const factor of [2, 3, 4.5]) {
      const small = resample({ width, height, data: gradient }, scaleAffine(1 / factor), Math.floor(width / factor), 1);
      for (let x = 1; x < small.width - 1; x++)
        expect(Math.abs((small.data[3 * x] ?? 0) - ((x + 0.5) * factor - 0.5))).toBeLessThanOrEqual(1.01);
    }
  });

  it('survives transforms that show nothing of the image', () => {
    const image = { width: 1, height: 1, data: Uint8Array.of(9, 9, 9) };
    expect([...resample(image, { ...scaleAffine(0.01), tx: 500 }, 2, 2).data]).toEqual(Array(12).fill(0));
  });
});

import { crc32 } from 'node:zlib';
import sharp from 'sharp';
import { decodeImage, openImage } from './decode.ts';
import type { RgbImage } from './rgb-image.ts';
import { repositoryFile } from './testing/models.ts';

/** 4 x 3: four columns of a colour each, the first row darker, so that every orientation is told apart. */
const [width, height] = [4, 3];
const colours = [
  [200, 0, 0],
  [0, 200, 0],
  [0, 0, 200],
  [200, 200, 200],
];
const upright = Uint8Array.from(
  Array.from({ length: height }, (_, y) => colours.flat().map((value) => (y === 0 ? value / 2 : value))).flat(),
);
const raw = () => sharp(upright, { raw: { width, height, channels: 3 } });
const pixel = ({ width: columns, data }: RgbImage, x: number, y: number) => [
  ...data.subarray((y * columns + x) * 3, (y * columns + x) * 3 + 3),
];
const largestDifference = (one: Uint8Array, other: Uint8Array) =>
  one.reduce((most, value, at) => Math.max(most, Math.abs(value - (other[at] ?? 999))), 0);

/** Where a stored pixel of a w x h image is shown, by the EXIF 2.3 specification's table of orientations. */
const shownAt: Record<number, (x: number, y: number, w: number, h: number) => [number, number]> = {
  1: (x, y) => [x, y],
  2: (x, y, w) => [w - 1 - x, y],
  3: (x, y, w, h) => [w - 1 - x, h - 1 - y],
  4: (x, y, _, h) => [x, h - 1 - y],
  5: (x, y) => [y, x],
  6: (x, y, _, h) => [h - 1 - y, x],
  7: (x, y, w, h) => [h - 1 - y, w - 1 - x],
  8: (x, y, w) => [y, w - 1 - x],
};

describe('decoding', () => {
  it('gives PNG and lossless WebP pixels as they are', async () => {
    for (const file of [await raw().png().toBuffer(), await raw().webp({ lossless: true }).toBuffer()])
      expect(await decodeImage(file)).toEqual({ width, height, data: upright });
  });

  it('gives JPEG pixels nearly as they were', async () => {
    const file = await raw().jpeg({ quality: 100, chromaSubsampling: '4:4:4' }).toBuffer();
    expect(largestDifference((await decodeImage(file, 'image/jpeg')).data, upright)).toBeLessThanOrEqual(4);
  });

  it.each(Object.entries(shownAt))('turns EXIF orientation %s upright', async (orientation, place) => {
    const file = await raw()
      .withMetadata({ orientation: Number(orientation) })
      .png()
      .toBuffer();
    const image = await openImage(file);
    const whole = await image.decode();
    const turned = Number(orientation) >= 5;
    expect([image.width, image.height]).toEqual(turned ? [height, width] : [width, height]);
    expect([whole.width, whole.height]).toEqual([image.width, image.height]);
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        const [left, top] = place(x, y, width, height);
        expect(pixel(whole, left, top)).toEqual(pixel({ width, height, data: upright }, x, y));
        const region = await image.decode({ region: { left, top, width: 1, height: 1 } });
        expect([...region.data]).toEqual(pixel(whole, left, top));
      }
  });

  it('shrinks after turning, and never enlarges', async () => {
    const file = await sharp({ create: { width: 400, height: 100, channels: 3, background: '#808080' } })
      .withMetadata({ orientation: 6 })
      .jpeg()
      .toBuffer();
    const image = await openImage(file);
    expect(await image.decode({ longestSide: 50 })).toMatchObject({ width: 13, height: 50 });
    expect(await image.decode({ longestSide: 900 })).toMatchObject({ width: 100, height: 400 });
    expect(await image.decode({ width: 30, height: 20 })).toMatchObject({ width: 30, height: 20 });
  });

  it('decodes the sample files of every kind to the same picture', async () => {
    const reference = await decodeImage(repositoryFile('samples/formats/face.png'));
    for (const [file, tolerance] of [
      ['face.webp', 12],
      ['face-orientation-3.jpg', 12],
      ['face-orientation-6.jpg', 12],
    ] as const) {
      const image = await decodeImage(repositoryFile(`samples/formats/${file}`));
      expect([image.width, image.height]).toEqual([reference.width, reference.height]);
      const mean =
        image.data.reduce((sum, value, at) => sum + Math.abs(value - (reference.data[at] ?? 0)), 0) / image.data.length;
      expect(mean).toBeLessThan(tolerance);
    }
  });
});

describe('colours become eight-bit RGB', () => {
  it('grey', async () => {
    const file = await sharp(Uint8Array.of(7, 90, 200), { raw: { width: 3, height: 1, channels: 1 } })
      .toColourspace('b-w')
      .png()
      .toBuffer();
    expect((await sharp(file).metadata()).channels).toBe(1);
    expect([...(await decodeImage(file)).data]).toEqual([7, 7, 7, 90, 90, 90, 200, 200, 200]);
  });

  it('palette', async () => {
    const file = await raw().png({ palette: true, colours: 16 }).toBuffer();
    expect((await sharp(file).metadata()).isPalette).toBe(true);
    expect(largestDifference((await decodeImage(file)).data, upright)).toBeLessThanOrEqual(8);
  });

  it('transparency is laid on white', async () => {
    const pixels = Uint8Array.of(200, 100, 0, 0, 200, 100, 0, 255, 200, 100, 0, 51);
    const file = await sharp(pixels, { raw: { width: 3, height: 1, channels: 4 } })
      .png()
      .toBuffer();
    const { data } = await decodeImage(file);
    expect(largestDifference(data, Uint8Array.of(255, 255, 255, 200, 100, 0, 244, 224, 204))).toBeLessThanOrEqual(1);
  });

  it('16 bits a channel', async () => {
    const file = await raw().toColourspace('rgb16').png().toBuffer();
    expect((await sharp(file).metadata()).depth).toBe('ushort');
    expect(await decodeImage(file)).toEqual({ width, height, data: upright });
  });

  it('grey with 16 bits and transparency', async () => {
    const file = await sharp({
      create: { width: 2, height: 2, channels: 4, background: { r: 200, g: 200, b: 200, alpha: 0.5 } },
    })
      .toColourspace('grey16')
      .png()
      .toBuffer();
    for (const value of (await decodeImage(file)).data) expect(Math.abs(value - 227)).toBeLessThanOrEqual(1);
  });

  it('CMYK', async () => {
    const file = await sharp({ create: { width: 16, height: 16, channels: 3, background: '#c02020' } })
      .toColourspace('cmyk')
      .jpeg({ quality: 100 })
      .toBuffer();
    expect((await sharp(file).metadata()).space).toBe('cmyk');
    const { data } = await decodeImage(file);
    expect(data.length).toBe(16 * 16 * 3);
    expect(largestDifference(data.subarray(0, 3), Uint8Array.of(0xc0, 0x20, 0x20))).toBeLessThanOrEqual(25);
  });

  it('of an animation the first frame', async () => {
    const frames = Uint8Array.from({ length: 8 * 16 * 3 }, (_, at) => (at < 8 * 8 * 3 ? 40 : 220));
    const file = await sharp(frames, { raw: { width: 8, height: 16, channels: 3, pageHeight: 8 } })
      .webp({ lossless: true, delay: [100, 100] })
      .toBuffer();
    expect((await sharp(file).metadata()).pages).toBe(2);
    expect(await decodeImage(file)).toEqual({ width: 8, height: 8, data: new Uint8Array(8 * 8 * 3).fill(40) });
  });
});

describe('what is refused', () => {
  const refusal = (bytes: Uint8Array, mediaType?: string) =>
    decodeImage(bytes, mediaType).then(
      () => 'accepted',
      ({ code, reason, field, message }) => {
        expect({ code, field }).toEqual({ code: 'invalid-argument', field: 'media' });
        expect(message).toMatch(/^\[modality-image] /);
        return reason;
      },
    );

  it('nothing at all', async () => expect(await refusal(new Uint8Array())).toBe('EMPTY'));

  it('formats outside the list, whatever the decoder could do', async () => {
    const gif = await raw().gif().toBuffer();
    const tiff = await raw().tiff().toBuffer();
    const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>');
    for (const bytes of [gif, tiff, svg, Buffer.from('just some text'), Uint8Array.of(0xff)])
      expect(await refusal(bytes)).toBe('UNSUPPORTED_FORMAT');
  });

  it('a media type that is not the content', async () => {
    const png = await raw().png().toBuffer();
    for (const type of ['image/jpeg', 'audio/wav', 'image/svg+xml'])
      expect(await refusal(png, type)).toBe('MEDIA_TYPE_MISMATCH');
    for (const type of ['', 'image/png', 'IMAGE/PNG; q=1', 'application/octet-stream'])
      expect(await refusal(png, type)).toBe('accepted');
  });

  it('files cut off anywhere', async () => {
    const noise = sharp({
      create: {
        width: 90,
        height: 90,
        channels: 3,
        background: '#fff',
        noise: { type: 'gaussian', mean: 128, sigma: 50 },
      },
    });
    for (const file of [await noise.jpeg().toBuffer(), await noise.png().toBuffer(), await noise.webp().toBuffer()])
      for (const share of [0.02, 0.3, 0.5, 0.9])
        expect(await refusal(file.subarray(0, file.length * share))).toBe('UNDECODABLE');
  });

  it('files with damage inside', async () => {
    const file = await raw().png().toBuffer();
    file.fill(0x55, file.length - 30, file.length - 16);
    expect(await refusal(file)).toBe('UNDECODABLE');
  });

  it('a bomb, from its header and at once', async () => {
    const started = performance.now();
    expect(await refusal(pngHeader(30_000, 30_000))).toBe('TOO_MANY_PIXELS');
    expect(performance.now() - started).toBeLessThan(1000);
  });

  it('more than 25 million pixels, but not 25 million', async () => {
    const blank = (columns: number, rows: number) =>
      sharp({ create: { width: columns, height: rows, channels: 3, background: '#808080' } })
        .jpeg({ quality: 20 })
        .toBuffer();
    expect(await refusal(await blank(5001, 5000))).toBe('TOO_MANY_PIXELS');
    expect((await openImage(await blank(5000, 5000))).width).toBe(5000);
  });
});

/** A PNG that claims a size and holds nothing. */
function pngHeader(columns: number, rows: number): Buffer {
  const chunk = (type: string, content: Buffer) => {
    const body = Buffer.concat([Buffer.from(type), content]);
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(content.length);
    sum.writeUInt32BE(crc32(body));
    return Buffer.concat([length, body, sum]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(columns);
  header.writeUInt32BE(rows, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', Buffer.alloc(16)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

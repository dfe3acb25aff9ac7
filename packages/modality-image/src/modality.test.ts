import { embedderConformance } from '@affinis/conformance';
import {
  createModelEmbedder,
  float32,
  type ImageInfo,
  type MediaSample,
  type Point,
  type Prepared,
  type Sample,
  uint8,
} from '@affinis/core';
import sharp from 'sharp';
import { floatsOf } from './floats-of.ts';
import plugin, { imageModality } from './index.ts';
import { cosine, embed, manifestOf, openModality, repositoryFile, shippedModel } from './testing/models.ts';

const media = (bytes: Uint8Array, more: Partial<MediaSample> = {}): MediaSample => ({ kind: 'media', bytes, ...more });
const portrait = (name: string) => repositoryFile(`samples/faces/${name}.jpg`);
const group = () => repositoryFile('node_modules/@vladmandic/face-api/demo/sample4.jpg');
const noise = (width: number, height: number) =>
  sharp({
    create: { width, height, channels: 3, background: '#fff', noise: { type: 'gaussian', mean: 128, sigma: 40 } },
  })
    .jpeg()
    .toBuffer();

const imageInfo = ({ info }: Prepared): ImageInfo => {
  if (info?.kind !== 'image') throw new Error('an image has image information');
  return info;
};
const failure = async (work: Promise<unknown>) =>
  work.then(
    () => ({ reason: 'accepted' }),
    ({ code, reason, field, message }) => ({ code, reason, field, message }),
  );

describe('faces in photos', () => {
  it('finds the face, and tells what it found', async () => {
    const preprocessor = await openModality();
    const prepared = await preprocessor.prepare(media(portrait('obama-1'), { mediaType: 'image/jpeg' }));
    const { width, height, facesFound, face, landmarks = [] } = imageInfo(prepared);
    expect(prepared.rows).toBe(1);
    expect(prepared.inputs.input?.shape).toEqual([1, 3, 150, 150]);
    expect(prepared.decodeMs).toBeGreaterThan(0);
    expect(Math.max(width, height)).toBe(640);
    expect(facesFound).toBe(1);
    expect(face?.confidence).toBeGreaterThan(0.5);
    const [rightEye, leftEye, nose, rightMouth, leftMouth] = landmarks as [Point, Point, Point, Point, Point];
    expect(rightEye.x).toBeLessThan(leftEye.x);
    expect(rightMouth.x).toBeLessThan(leftMouth.x);
    expect(nose.y).toBeGreaterThan(rightEye.y);
    expect(rightMouth.y).toBeGreaterThan(nose.y);
    const box = face?.box ?? { x: 0, y: 0, width: 0, height: 0 };
    expect(nose.x > box.x && nose.x < box.x + box.width && nose.y > box.y && nose.y < box.y + box.height).toBe(true);
  });

  it('makes two photos of one person more alike than photos of two people', async () => {
    const preprocessor = await openModality();
    const vectors = [];
    for (const name of ['obama-1', 'obama-2', 'biden-1', 'collins-1'])
      vectors.push(await embed(await preprocessor.prepare(media(portrait(name)))));
    const [obama = [], again = [], biden = [], collins = []] = vectors;
    const genuine = cosine(obama, again);
    for (const impostor of [cosine(obama, biden), cosine(obama, collins), cosine(biden, collins)])
      expect(genuine).toBeGreaterThan(impostor + 0.02);
  });

  it('takes the largest of several faces, or refuses them', async () => {
    const prepared = await (await openModality()).prepare(media(group()));
    expect(imageInfo(prepared).facesFound).toBeGreaterThan(1);
    const single = await openModality({ options: { faces: 'single' } });
    expect(await failure(single.prepare(media(group())))).toMatchObject({
      code: 'invalid-argument',
      reason: 'SEVERAL_FACES',
      field: 'media',
    });
    expect(imageInfo(await single.prepare(media(portrait('collins-1')))).facesFound).toBe(1);
  });

  it('says so where there is no face', async () => {
    const preprocessor = await openModality();
    const dot = await sharp({ create: { width: 1, height: 1, channels: 3, background: '#f00' } })
      .png()
      .toBuffer();
    const wide = await sharp({ create: { width: 20_000, height: 600, channels: 3, background: '#888' } })
      .jpeg()
      .toBuffer();
    const line = await sharp({ create: { width: 20_000, height: 1, channels: 3, background: '#888' } })
      .png()
      .toBuffer();
    for (const bytes of [await noise(300, 200), dot, wide, line])
      expect(await failure(preprocessor.prepare(media(bytes)))).toMatchObject({
        code: 'invalid-argument',
        reason: 'NO_FACE',
        field: 'media',
      });
  });

  it('finds the same points in full-size pixels whatever the size of the photo', async () => {
    const preprocessor = await openModality();
    const small = imageInfo(await preprocessor.prepare(media(portrait('collins-1'))));
    const scale = 4800 / small.width;
    const enlarged = await sharp(portrait('collins-1')).resize(4800).jpeg().toBuffer();
    const prepared = await preprocessor.prepare(media(enlarged));
    const large = imageInfo(prepared);
    expect(large.width).toBe(4800);
    const eyes = Math.abs((small.landmarks?.[1]?.x ?? 0) - (small.landmarks?.[0]?.x ?? 0));
    for (const [index, { x, y }] of (large.landmarks ?? []).entries()) {
      const same = small.landmarks?.[index] ?? { x: 0, y: 0 };
      expect(Math.hypot(x / scale - same.x, y / scale - same.y)).toBeLessThan(0.1 * eyes);
    }
    expect(
      cosine(await embed(prepared), await embed(await preprocessor.prepare(media(portrait('collins-1'))))),
    ).toBeGreaterThan(0.97);
  });

  it('cuts a small face of a large photo from the full pixels', async () => {
    const preprocessor = await openModality();
    const face = await sharp(portrait('collins-1')).resize(400).toBuffer({ resolveWithObject: true });
    const scene = await sharp({ create: { width: 4800, height: 3000, channels: 3, background: '#555' } })
      .composite([{ input: face.data, left: 2600, top: 900 }])
      .png({ compressionLevel: 1 })
      .toBuffer();
    const alone = await preprocessor.prepare(media(face.data));
    const landmarks = (imageInfo(alone).landmarks ?? []).map(({ x, y }) => ({ x: x + 2600, y: y + 900 }));
    const within = await preprocessor.prepare(media(scene, { landmarks }));
    // PNG after JPEG: the pixels are equal, so the crops differ by the rounding of the landmarks alone.
    const reference = floatsOf(alone.inputs, 'input');
    const crop = floatsOf(within.inputs, 'input');
    const worst = crop.reduce((most, value, at) => Math.max(most, Math.abs(value - (reference[at] ?? 0))), 0);
    expect(worst).toBeLessThanOrEqual(1);
  });
});

describe('landmarks that a client sends', () => {
  const given = [
    { x: 60, y: 60 },
    { x: 110, y: 60 },
    { x: 85, y: 90 },
    { x: 65, y: 115 },
    { x: 105, y: 115 },
  ];

  it('take the place of detection', async () => {
    const loaded: string[] = [];
    const preprocessor = await openModality({
      loadModel: (reference) => {
        loaded.push(reference);
        return shippedModel(reference);
      },
    });
    const prepared = await preprocessor.prepare(media(await noise(170, 170), { landmarks: given }));
    expect(imageInfo(prepared)).toEqual({ kind: 'image', width: 170, height: 170, landmarks: given });
    expect(loaded).toEqual(['face-detector-tiny', 'face-landmarks-68']);
  });

  it('are checked', async () => {
    const preprocessor = await openModality();
    const bytes = await noise(170, 170);
    const [rightEye, leftEye, nose, rightMouth, leftMouth] = given as [Point, Point, Point, Point, Point];
    const wrong = {
      four: given.slice(1),
      none: [],
      notFinite: [{ x: Number.NaN, y: 1 }, ...given.slice(1)],
      infinite: [{ x: Number.POSITIVE_INFINITY, y: 1 }, ...given.slice(1)],
      onePlace: given.map(() => ({ x: 80, y: 80 })),
      shares: given.map(({ x, y }) => ({ x: x / 170, y: y / 170 })),
      outside: given.map(({ x, y }) => ({ x: x + 5000, y })),
      mirrored: [leftEye, rightEye, nose, leftMouth, rightMouth],
      scrambled: [nose, leftMouth, rightEye, leftEye, rightMouth],
    };
    for (const landmarks of Object.values(wrong))
      expect(await failure(preprocessor.prepare(media(bytes, { landmarks })))).toMatchObject({
        code: 'invalid-argument',
        reason: 'BAD_LANDMARKS',
        field: 'media.landmarks',
      });
  });
});

describe('crops that a client sends', () => {
  it('are turned into the input tensor as they are', async () => {
    const preprocessor = await openModality();
    const crop = Uint8Array.from({ length: 150 * 150 * 3 }, (_, at) => (at * 7) % 256);
    for (const tensor of [uint8([150, 150, 3], crop), float32([150, 150, 3], Float32Array.from(crop))]) {
      const { inputs, rows, info, decodeMs } = await preprocessor.prepare({ kind: 'tensor', tensor });
      expect({ rows, info, decodeMs }).toEqual({ rows: 1, info: undefined, decodeMs: 0 });
      const data = floatsOf(inputs, 'input');
      for (const [channel, place] of [
        [0, 0],
        [1, 77],
        [2, 22_499],
      ] as const)
        expect(data[channel * 22_500 + place]).toBe(crop[place * 3 + channel]);
    }
  });

  it('are refused in any other shape or type, or where not finite', async () => {
    const preprocessor = await openModality();
    const size = 150 * 150 * 3;
    for (const [field, tensor] of [
      ['tensor.shape', uint8([1, 150, 150, 3], new Uint8Array(size))],
      ['tensor.shape', uint8([3, 150, 150], new Uint8Array(size))],
      ['tensor.shape', uint8([112, 112, 3], new Uint8Array(112 * 112 * 3))],
      ['tensor.data', uint8([150, 150, 3], new Uint8Array(size - 1))],
      ['tensor.data', float32([150, 150, 3], new Float32Array(size).fill(Number.NaN, 5, 6))],
      ['tensor.dtype', { dtype: 'int32', shape: [150, 150, 3], data: new Int32Array(size) }],
    ] as const)
      expect(await failure(preprocessor.prepare({ kind: 'tensor', tensor }))).toMatchObject({
        code: 'invalid-argument',
        reason: 'BAD_TENSOR',
        field,
      });
  });
});

describe('the modality', () => {
  it('is what the plugin offers', () => expect(plugin.modalities).toEqual([imageModality]));

  it('accepts what looks like an image', () => {
    expect(imageModality.accepts?.(media(portrait('obama-1')))).toBe(true);
    expect(imageModality.accepts?.(media(repositoryFile('samples/formats/voice.wav')))).toBe(false);
    expect(imageModality.accepts?.({ kind: 'text', text: 'x' })).toBe(false);
  });

  it('names what it accepts where it is sent something else', async () => {
    const preprocessor = await openModality();
    const others: Sample[] = [
      { kind: 'text', text: 'hello' },
      { kind: 'pcm', samples: new Float32Array(3), sampleRateHz: 16_000, channels: 1 },
    ];
    for (const sample of others)
      expect(await failure(preprocessor.prepare(sample))).toMatchObject({
        code: 'invalid-argument',
        field: sample.kind,
        message: expect.stringContaining('JPEG, PNG, WebP'),
      });
  });

  it('refuses options and manifests that it does not understand', async () => {
    const { manifest } = await shippedModel('face-dlib128');
    const withInput = (input: Record<string, unknown>) => ({
      manifest: { ...manifest, input: { ...manifest.input, ...input } },
    });
    for (const [wrong, field] of [
      [{ options: { faces: 'all' } }, 'options.faces'],
      [{ options: { nonsense: 1 } }, 'options'],
      [{ options: { landmarks: 'none' } }, 'input.landmarks'],
      [{ options: { detector: 'face-landmarks-68' } }, 'task'],
      [withInput({ template: [[1, 2]] }), 'input.template'],
      [withInput({ fit: 'guess' }), 'input.fit'],
      [withInput({ colour: 'GRB' }), 'input.colour'],
      [withInput({ detector: undefined }), 'input.detector'],
    ] as const)
      expect(await failure(openModality(wrong))).toMatchObject({ code: 'failed-precondition', field });
  });

  it('stretches the whole image where the model says fit: resize', async () => {
    const input = { tensor: 'x', layout: 'NHWC', colour: 'RGB', width: 4, height: 8, fit: 'resize' };
    const manifest = manifestOf({ input, output: { dimension: 2, normalise: 'l2' } });
    const preprocessor = await openModality({ manifest });
    const half = Uint8Array.from({ length: 64 * 32 * 3 }, (_, at) => (Math.floor(at / 3) % 64 < 32 ? 30 : 210));
    const { inputs, info } = await preprocessor.prepare(
      media(
        await sharp(half, { raw: { width: 64, height: 32, channels: 3 } })
          .png()
          .toBuffer(),
      ),
    );
    expect(info).toEqual({ kind: 'image', width: 64, height: 32 });
    expect(inputs.x?.shape).toEqual([1, 8, 4, 3]);
    const row = [...floatsOf(inputs, 'x').subarray(0, 12)];
    // A triangle filter as wide as two target pixels lets an eighth to a ninth of the far half into the middle.
    for (const [at, value] of row.entries())
      expect(Math.abs(value - ([30, 50, 190, 210][Math.floor(at / 3)] ?? 0))).toBeLessThan(6);
    const photo = media(portrait('biden-1'));
    const canonical = await preprocessor.canonical?.(photo);
    expect(canonical).toMatchObject({ kind: 'tensor', tensor: { dtype: 'uint8', shape: [8, 4, 3] } });
    expect((await preprocessor.prepare(canonical ?? photo)).inputs).toEqual((await preprocessor.prepare(photo)).inputs);
    expect(await failure(openModality({ manifest, options: { faces: 'single' } }))).toMatchObject({
      code: 'failed-precondition',
    });
  });
});

embedderConformance(
  async () => {
    const { manifest, session } = await shippedModel('face-dlib128');
    return createModelEmbedder({ manifest, session, preprocessor: await openModality() });
  },
  [
    media(portrait('obama-1')),
    media(portrait('biden-1')),
    { kind: 'tensor', tensor: uint8([150, 150, 3], new Uint8Array(67_500).fill(99)) },
  ],
  [media(new Uint8Array()), media(Buffer.from('no image')), { kind: 'text', text: 'a face' }],
);

import { readFileSync } from 'node:fs';
import { developmentData } from '@affinis/conformance';
import { float32, type LoadedModel, type Point } from '@affinis/core';
import { applyAffine } from '../affine.ts';
import { decodeImage } from '../decode.ts';
import { resample } from '../resample.ts';
import { manifestOf, repositoryFile, shippedModel } from '../testing/models.ts';
import { readZip } from '../testing/zip.ts';
import { createFaceDetector, createLandmarkLocator } from './index.ts';

const photosFile = developmentData('faces/lfw-dev.zip');
const landmarksFile = developmentData('faces/lfw_landmarks_dev.tsv');

const distance = (one: Point, other: Point) => Math.hypot(one.x - other.x, one.y - other.y);
const largestFace = async (image: Parameters<ReturnType<typeof createFaceDetector>['detect']>[0]) => {
  const [face] = await createFaceDetector(await shippedModel('face-detector-tiny')).detect(image);
  if (!face) throw new Error('the test picture shows a face');
  return face.box;
};

describe('68 landmarks', () => {
  it('come back from the crop to the image', async () => {
    const shares = Float32Array.from({ length: 136 }, (_, at) => (at % 2 === 0 ? 0.25 : 0.75));
    const session: LoadedModel['session'] = {
      inputNames: ['input'],
      outputNames: ['points'],
      run: async () => ({ points: float32([1, 136], shares) }),
      dispose: async () => {},
    };
    const input = { tensor: 'input', layout: 'NCHW', colour: 'RGB', width: 112, height: 112 };
    const model = { task: 'face-landmarks', decoder: 'landmarks-68', input } as const;
    const locate = (boxScale: number) =>
      createLandmarkLocator({ manifest: manifestOf({ ...model, decoderOptions: { boxScale } }), session }).locate(
        { width: 200, height: 200, data: new Uint8Array(200 * 200 * 3) },
        { x: 40, y: 60, width: 60, height: 80 },
      );
    // The square on the centre (70, 100) has the side 80, then 160.
    for (const { x, y } of await locate(1))
      expect([x, y].map((value) => value.toFixed(6))).toEqual(['50.000000', '120.000000']);
    for (const { x, y } of await locate(2))
      expect([x, y].map((value) => value.toFixed(6))).toEqual(['30.000000', '140.000000']);
  });

  it('follow a face that is turned', async () => {
    const locator = createLandmarkLocator(await shippedModel('face-landmarks-68'));
    const image = await decodeImage(repositoryFile('samples/faces/collins-1.jpg'));
    const box = await largestFace(image);
    const upright = await locator.locate(image, box);
    const eyes = distance(upright[0] ?? { x: 0, y: 0 }, upright[1] ?? { x: 0, y: 0 });
    const centre = { x: box.x + box.width / 2, y: box.y + box.height / 2 };
    for (const degrees of [-20, 20]) {
      const [c, s] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
      const turn = {
        a: c,
        b: -s,
        tx: centre.x - c * centre.x + s * centre.y,
        c: s,
        d: c,
        ty: centre.y - s * centre.x - c * centre.y,
      };
      const turned = await locator.locate(resample(image, turn, image.width, image.height), box);
      for (const [index, point] of turned.entries())
        expect(distance(point, applyAffine(turn, upright[index] ?? point))).toBeLessThan(0.08 * eyes);
    }
  });

  (photosFile && landmarksFile ? it : it.skip)('lie near those of another detector', async () => {
    const locator = createLandmarkLocator(await shippedModel('face-landmarks-68'));
    const photos = readZip(readFileSync(photosFile ?? ''));
    const lines = readFileSync(landmarksFile ?? '', 'utf8')
      .trim()
      .split('\n')
      .slice(1);
    const errors: number[] = [];
    for (const line of lines.filter((_, index) => index % 80 === 0)) {
      const [name, , ...values] = line.split('\t');
      const expected = [0, 1, 2, 3, 4].map((point) => ({
        x: Number(values[2 * point]),
        y: Number(values[2 * point + 1]),
      }));
      const image = await decodeImage(photos.get(`lfw-dev/${name}`)?.() ?? Buffer.alloc(0));
      const points = await locator.locate(image, await largestFace(image));
      const eyes = distance(expected[0] ?? { x: 0, y: 0 }, expected[1] ?? { x: 0, y: 0 });
      errors.push(expected.reduce((sum, point, index) => sum + distance(point, points[index] ?? point), 0) / 5 / eyes);
    }
    errors.sort((one, other) => one - other);
    expect(errors[Math.floor(errors.length / 2)]).toBeLessThan(0.12);
  });
});

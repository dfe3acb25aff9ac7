import { readFileSync } from 'node:fs';
import { onnxBackend } from '@affinis/backend-onnx';
import { developmentData } from '@affinis/conformance';
import { decodeImage } from '../decode.ts';
import { manifestOf } from '../testing/models.ts';
import { readZip } from '../testing/zip.ts';
import { createFaceDetector } from './index.ts';

const modelFile = developmentData('models/yunet-2026may.onnx');
const photosFile = developmentData('faces/lfw-dev.zip');
const landmarksFile = developmentData('faces/lfw_landmarks_dev.tsv');

const manifest = manifestOf({
  name: 'yunet',
  task: 'face-detection',
  decoder: 'yunet',
  input: { tensor: 'input', layout: 'NCHW', colour: 'BGR', sizes: [250] },
  decoderOptions: { iouThreshold: 1 },
});

(modelFile && photosFile && landmarksFile ? describe : describe.skip)('YuNet', () => {
  it('finds the landmarks that OpenCV finds', async () => {
    const session = await onnxBackend.load(
      { path: modelFile ?? '', bytes: readFileSync(modelFile ?? '') },
      { threads: 1 },
    );
    const detector = createFaceDetector({ manifest, session });
    expect(detector.givesLandmarks).toBe(true);
    const photos = readZip(readFileSync(photosFile ?? ''));
    const lines = readFileSync(landmarksFile ?? '', 'utf8')
      .trim()
      .split('\n')
      .slice(1);
    const errors: number[] = [];
    for (const line of lines.filter((_, index) => index % 40 === 0)) {
      const [name, , ...expected] = line.split('\t');
      const image = await decodeImage(photos.get(`lfw-dev/${name}`)?.() ?? Buffer.alloc(0));
      const distances = (await detector.detect(image)).map(({ landmarks = [] }) =>
        Math.max(
          ...landmarks.map(({ x, y }, point) =>
            Math.hypot(x - Number(expected[2 * point]), y - Number(expected[2 * point + 1])),
          ),
        ),
      );
      errors.push(Math.min(99, ...distances));
    }
    // Without suppression: the reference may have kept another of the boxes around the same face.
    for (const error of errors) expect(error).toBeLessThan(0.5);
    await session.dispose();
  });
});

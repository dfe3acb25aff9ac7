import type { LoadedModel } from '@affinis/core';
import { z } from 'zod';
import type { Face, FaceDetector } from '../detector.ts';
import { floatsOf } from '../floats-of.ts';
import { letterbox } from '../letterbox.ts';
import { suppressNonMaxima } from '../non-maximum-suppression.ts';
import { parse } from '../parse.ts';
import { createToTensor, pixelFormat } from '../to-tensor.ts';

const inputSchema = z.strictObject({ ...pixelFormat, sizes: z.array(z.int().positive()).min(1) });

const optionsSchema = z.strictObject({
  /** Width and height in cells, in the order of the output's groups. */
  anchors: z.array(z.tuple([z.number().positive(), z.number().positive()])).min(1),
  /** Pixels a cell. */
  stride: z.int().positive().default(32),
  scoreThreshold: z.number().min(0).max(1).default(0.3),
  iouThreshold: z.number().min(0).max(1).default(0.4),
  padding: z.literal('bottom-right').default('bottom-right'),
});

type Options = z.infer<typeof optionsSchema>;

/** Per anchor: x, y, log width, log height, score. */
const groupSize = 5;

/**
 * face-api.js's tiny face detector: YOLO v2's decoding (Redmon & Farhadi, "YOLO9000", section 2) of an output
 * `float32[1, rows, columns, anchors * 5]`. The sizes are tried in turn until one finds a face.
 */
export function createTinyFaceDetector(model: LoadedModel): FaceDetector {
  const { manifest, session } = model;
  const { sizes, ...format } = parse(inputSchema, manifest.input, 'input', `model ${manifest.name}`);
  const options = parse(optionsSchema, manifest.decoderOptions, 'decoderOptions', `model ${manifest.name}`);
  const output = manifest.output.tensor ?? 'output';
  const toTensor = createToTensor(format);
  return {
    givesLandmarks: false,
    async detect(image) {
      for (const size of sizes) {
        const boxed = letterbox(image, size);
        const results = await session.run({ [format.tensor]: toTensor(boxed.image) }, [output]);
        const faces = suppressNonMaxima(decode(floatsOf(results, output), size, options), options.iouThreshold);
        if (faces.length > 0) return faces.map((face) => ({ ...face, box: boxed.boxToImage(face.box) }));
      }
      return [];
    },
  };
}

function decode(values: Float32Array, size: number, { anchors, stride, scoreThreshold }: Options): Face[] {
  const faces: Face[] = [];
  const columns = Math.floor(size / stride);
  for (let at = 0, group = 0; at + groupSize <= values.length; at += groupSize, group++) {
    const [x = 0, y = 0, logWidth = 0, logHeight = 0, score = 0] = values.subarray(at, at + groupSize);
    const confidence = sigmoid(score);
    if (confidence < scoreThreshold) continue;
    const [anchorWidth, anchorHeight] = anchors[group % anchors.length] ?? [1, 1];
    const cell = Math.floor(group / anchors.length);
    const width = Math.exp(logWidth) * anchorWidth * stride;
    const height = Math.exp(logHeight) * anchorHeight * stride;
    const centreX = ((cell % columns) + sigmoid(x)) * stride;
    const centreY = (Math.floor(cell / columns) + sigmoid(y)) * stride;
    faces.push({ confidence, box: { x: centreX - width / 2, y: centreY - height / 2, width, height } });
  }
  return faces;
}

const sigmoid = (value: number) => 1 / (1 + Math.exp(-value));

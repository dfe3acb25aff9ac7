import type { LoadedModel, Point, Tensors } from '@affinis/core';
import { z } from 'zod';
import type { Face, FaceDetector } from '../detector.ts';
import { floatsOf } from '../floats-of.ts';
import { letterbox } from '../letterbox.ts';
import { suppressNonMaxima } from '../non-maximum-suppression.ts';
import { parse } from '../parse.ts';
import { createToTensor, pixelFormat } from '../to-tensor.ts';

/** The longer side is scaled to each size in turn; sizes are multiples of the largest stride. */
const inputSchema = z.strictObject({ ...pixelFormat, sizes: z.array(z.int().positive()).min(1) });

const optionsSchema = z.strictObject({
  strides: z.array(z.int().positive()).min(1).default([8, 16, 32]),
  scoreThreshold: z.number().min(0).max(1).default(0.6),
  iouThreshold: z.number().min(0).max(1).default(0.3),
});

interface StrideOutputs {
  readonly stride: number;
  readonly names: { readonly cls: string; readonly obj: string; readonly bbox: string; readonly kps: string };
}

/**
 * YuNet (Wu et al., Machine Intelligence Research 2023): one anchor a cell and per stride S the outputs `cls_S` and
 * `obj_S` (`[1, cells, 1]`, confidence their geometric mean), `bbox_S` (`[1, cells, 4]`) and `kps_S` (`[1, cells, 10]`,
 * the five landmarks). `output.tensors` renames them.
 */
export function createYunet(model: LoadedModel): FaceDetector {
  const { manifest, session } = model;
  const { sizes, ...format } = parse(inputSchema, manifest.input, 'input', `model ${manifest.name}`);
  const options = parse(optionsSchema, manifest.decoderOptions, 'decoderOptions', `model ${manifest.name}`);
  const toTensor = createToTensor(format);
  const largestStride = Math.max(...options.strides);
  const rename = (name: string) => manifest.output.tensors?.[name] ?? name;
  const heads = options.strides.map((stride): StrideOutputs => {
    const names = { cls: `cls_${stride}`, obj: `obj_${stride}`, bbox: `bbox_${stride}`, kps: `kps_${stride}` };
    return {
      stride,
      names: { cls: rename(names.cls), obj: rename(names.obj), bbox: rename(names.bbox), kps: rename(names.kps) },
    };
  });
  const outputs = heads.flatMap(({ names }) => Object.values(names));
  return {
    givesLandmarks: true,
    async detect(image) {
      for (const size of sizes) {
        const boxed = letterbox(image, size, largestStride);
        const results = await session.run({ [format.tensor]: toTensor(boxed.image) }, outputs);
        const found = heads.flatMap((head) => decode(results, head, boxed.image.width, options.scoreThreshold));
        const faces = suppressNonMaxima(found, options.iouThreshold);
        if (faces.length > 0)
          return faces.map(({ box, confidence, landmarks = [] }) => ({
            box: boxed.boxToImage(box),
            confidence,
            landmarks: landmarks.map((point) => boxed.toImage(point)),
          }));
      }
      return [];
    },
  };
}

function decode(results: Tensors, { stride, names }: StrideOutputs, width: number, threshold: number): Face[] {
  const cls = floatsOf(results, names.cls);
  const obj = floatsOf(results, names.obj);
  const bbox = floatsOf(results, names.bbox);
  const kps = floatsOf(results, names.kps);
  const columns = width / stride;
  const faces: Face[] = [];
  for (let cell = 0; cell < cls.length; cell++) {
    const confidence = Math.sqrt(clamp(cls[cell]) * clamp(obj[cell]));
    if (confidence < threshold) continue;
    const column = cell % columns;
    const row = Math.floor(cell / columns);
    const [x = 0, y = 0, logWidth = 0, logHeight = 0] = bbox.subarray(4 * cell, 4 * cell + 4);
    const boxWidth = Math.exp(logWidth) * stride;
    const boxHeight = Math.exp(logHeight) * stride;
    const box = {
      x: (column + x) * stride - boxWidth / 2,
      y: (row + y) * stride - boxHeight / 2,
      width: boxWidth,
      height: boxHeight,
    };
    faces.push({
      box,
      confidence,
      landmarks: landmarksAt(kps.subarray(10 * cell, 10 * cell + 10), column, row, stride),
    });
  }
  return faces;
}

const landmarksAt = (offsets: Float32Array, column: number, row: number, stride: number): Point[] =>
  Array.from({ length: 5 }, (_, point) => ({
    x: (column + (offsets[2 * point] ?? 0)) * stride,
    y: (row + (offsets[2 * point + 1] ?? 0)) * stride,
  }));

const clamp = (value = 0) => Math.min(1, Math.max(0, value));

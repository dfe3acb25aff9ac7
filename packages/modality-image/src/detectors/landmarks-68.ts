import type { LoadedModel, Point } from '@affinis/core';
import { z } from 'zod';
import { type Affine, applyAffine, invertAffine } from '../affine.ts';
import type { Box, LandmarkLocator } from '../detector.ts';
import { unusable } from '../errors.ts';
import { floatsOf } from '../floats-of.ts';
import { parse } from '../parse.ts';
import { eyeAngle, fivePoints } from '../points-68.ts';
import { resample } from '../resample.ts';
import type { RgbImage } from '../rgb-image.ts';
import { createToTensor, pixelFormat } from '../to-tensor.ts';

const inputSchema = z.strictObject({ ...pixelFormat, width: z.int().positive(), height: z.int().positive() });

const optionsSchema = z.strictObject({
  /** First crop: a square on the box's centre, this many times the box's longer side. */
  boxScale: z.number().positive().default(1),
  passes: z.int().min(1).max(10).default(1),
  /** Crops of later passes: a square around the points of the pass before, this many times their longer extent. */
  refineScale: z.number().positive().default(1.2),
  /** Later crops are turned until the eyes are level. */
  levelEyes: z.boolean().default(false),
});

/** A square region of the image: its sides are turned by `angle` (radians, from the x axis towards the y axis). */
interface Square {
  readonly centre: Point;
  readonly side: number;
  readonly angle: number;
}

/** A net that gives 68 points as shares of a square crop, `float32[1, 136]`, x and y in turn (face-api.js). */
export function createLandmarks68(model: LoadedModel): LandmarkLocator {
  const { manifest, session } = model;
  const { width: size, height, ...format } = parse(inputSchema, manifest.input, 'input', `model ${manifest.name}`);
  if (size !== height)
    throw unusable(
      'input.height',
      `model ${manifest.name}: landmarks-68 crops squares; make input.width and height equal`,
    );
  const { boxScale, passes, refineScale, levelEyes } = parse(
    optionsSchema,
    manifest.decoderOptions,
    'decoderOptions',
    `model ${manifest.name}`,
  );
  const output = manifest.output.tensor ?? 'points';
  const toTensor = createToTensor(format);

  const locateIn = async (image: RgbImage, square: Square): Promise<Point[]> => {
    const toCrop = squareTransform(square, size);
    const crop = resample(image, toCrop, size, size);
    const values = floatsOf(await session.run({ [format.tensor]: toTensor(crop) }, [output]), output);
    const fromCrop = invertAffine(toCrop);
    return Array.from({ length: 68 }, (_, point) =>
      applyAffine(fromCrop, { x: (values[2 * point] ?? 0) * size, y: (values[2 * point + 1] ?? 0) * size }),
    );
  };

  return {
    async locate(image, box) {
      let points = await locateIn(image, squareAround(cornersOf(box), 0, boxScale));
      for (let pass = 1; pass < passes; pass++)
        points = await locateIn(image, squareAround(points, levelEyes ? eyeAngle(points) : 0, refineScale));
      return fivePoints(points);
    },
  };
}

const cornersOf = ({ x, y, width, height }: Box): Point[] => [
  { x, y },
  { x: x + width, y: y + height },
];

/** The square on the points' bounding rectangle, whose sides are turned by `angle`. */
function squareAround(points: readonly Point[], angle: number, scale: number): Square {
  const level = rotation(-angle);
  const turned = points.map((point) => applyAffine(level, point));
  const [left, right] = extent(turned.map(({ x }) => x));
  const [top, bottom] = extent(turned.map(({ y }) => y));
  const centre = applyAffine(rotation(angle), { x: (left + right) / 2, y: (top + bottom) / 2 });
  return { centre, side: Math.max(right - left, bottom - top, 1) * scale, angle };
}

const extent = (values: readonly number[]): [number, number] => [Math.min(...values), Math.max(...values)];

function squareTransform({ centre, side, angle }: Square, size: number): Affine {
  const { a, b, c, d } = rotation(-angle, size / side);
  return { a, b, tx: size / 2 - a * centre.x - b * centre.y, c, d, ty: size / 2 - c * centre.x - d * centre.y };
}

function rotation(angle: number, scale = 1): Affine {
  const [cosine, sine] = [scale * Math.cos(angle), scale * Math.sin(angle)];
  return { a: cosine, b: -sine, tx: 0, c: sine, d: cosine, ty: 0 };
}

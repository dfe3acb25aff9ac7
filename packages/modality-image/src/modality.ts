import {
  type Degradation,
  defineModality,
  degradeBy,
  type ImageInfo,
  type MediaSample,
  type ModalityContext,
  type Point,
  type Prepared,
  type Preprocessor,
  type Sample,
  type TensorSample,
} from '@affinis/core';
import { alignmentTransform } from './alignment.ts';
import { loadSharp, openImage } from './decode.ts';
import { imageDegradations } from './degradation/kinds.ts';
import { badSample } from './errors.ts';
import { type FaceFinder, loadFaceFinder } from './face-finder.ts';
import { sniffFormat } from './image-format.ts';
import { type AlignInput, type ImageInput, parseFaceOptions, parseInput, refuseOptions } from './input.ts';
import { checkLandmarks, disordered } from './landmarks.ts';
import type { RgbImage } from './rgb-image.ts';
import { createToTensor, type Pixels } from './to-tensor.ts';
import { cutCrop, decodeWorkingImage, type WorkingImage } from './working-image.ts';

/** Pictures: decoding, face detection and alignment, or plain resizing, as the model's manifest says. */
export const imageModality = defineModality({
  id: 'image',
  open,
  cost,
  accepts: (sample) => sample.kind === 'media' && sniffFormat(sample.bytes) !== undefined,
});

/** Beside one embedding: detection and landmarks take the time of two and a half, a megabyte of JPEG that of five. */
function cost(sample: Sample): number {
  if (sample.kind !== 'media') return 1;
  return (sample.landmarks ? 1 : 3.5) + (5 * sample.bytes.length) / 1e6;
}

/** What a medium becomes: pixels of the model's size. */
interface Cut {
  readonly crop: RgbImage;
  readonly info: ImageInfo;
  readonly decodeMs: number;
}

type Cutter = (sample: MediaSample) => Promise<Cut>;

async function open(context: ModalityContext): Promise<Preprocessor> {
  const input = parseInput(context.manifest);
  const cut = input.fit === 'align' ? await openAligning(input, context) : openResizing(input, context);
  const toTensor = createToTensor(input);
  const toPrepared = (pixels: Pixels) => ({ inputs: { [input.tensor]: toTensor(pixels) }, rows: 1 });
  await loadSharp();
  return {
    async prepare(sample: Sample): Promise<Prepared> {
      if (sample.kind === 'tensor') return { ...toPrepared(checkCrop(sample, input)), decodeMs: 0 };
      if (sample.kind !== 'media') throw noImage(sample.kind);
      const { crop, info, decodeMs } = await cut(sample);
      return { ...toPrepared(crop), info, decodeMs };
    },
    async canonical(sample: Sample): Promise<Sample> {
      if (sample.kind === 'media') return toSample((await cut(sample)).crop);
      if (sample.kind !== 'tensor') throw noImage(sample.kind);
      checkCrop(sample, input);
      return sample;
    },
    async degrade(sample: Sample, degradation: Degradation): Promise<Sample> {
      if (sample.kind !== 'tensor' || sample.tensor.dtype !== 'uint8')
        throw badSample(
          sample.kind,
          'UNSUPPORTED_KIND',
          'what is degraded is a uint8 crop; make the canonical form of it first',
        );
      const { width, height } = checkCrop(sample, input);
      return toSample(await degradeBy(imageDegradations, { width, height, data: sample.tensor.data }, degradation));
    },
  };
}

async function openAligning(input: AlignInput, context: ModalityContext): Promise<Cutter> {
  const findFace = await loadFaceFinder(input, parseFaceOptions(context.options), context);
  return async ({ bytes, mediaType, landmarks }) => {
    const clock = createClock();
    const encoded = await clock.time(() => openImage(bytes, mediaType));
    if (landmarks) checkLandmarks(landmarks, encoded.width, encoded.height);
    const working = await clock.time(() => decodeWorkingImage(encoded));
    const found = landmarks ? { landmarks } : await findInFullSize(findFace, working);
    const transform = alignmentTransform(found.landmarks, input);
    if (!transform) throw disordered();
    const crop = await cutCrop(encoded, working, transform, input);
    return {
      crop,
      info: { kind: 'image', width: encoded.width, height: encoded.height, ...found },
      decodeMs: clock.elapsedMs(),
    };
  };
}

function openResizing({ width, height }: ImageInput, context: ModalityContext): Cutter {
  refuseOptions(context.options);
  return async ({ bytes, mediaType }) => {
    const clock = createClock();
    const encoded = await clock.time(() => openImage(bytes, mediaType));
    const crop = await clock.time(() => encoded.decode({ width, height }));
    return { crop, info: { kind: 'image', width: encoded.width, height: encoded.height }, decodeMs: clock.elapsedMs() };
  };
}

async function findInFullSize(
  findFace: FaceFinder,
  { image, scaleX, scaleY }: WorkingImage,
): Promise<Pick<ImageInfo, 'facesFound' | 'face'> & { landmarks: Point[] }> {
  const { facesFound, face, landmarks } = await findFace(image);
  const { x, y, width, height } = face.box;
  return {
    facesFound,
    face: {
      box: { x: x * scaleX, y: y * scaleY, width: width * scaleX, height: height * scaleY },
      confidence: face.confidence,
    },
    landmarks: landmarks.map((point) => ({ x: point.x * scaleX, y: point.y * scaleY })),
  };
}

const noImage = (kind: Sample['kind']) =>
  badSample(
    kind,
    'UNSUPPORTED_KIND',
    `${kind} is no image; send an encoded image (JPEG, PNG, WebP) or a crop as a tensor`,
  );

const toSample = ({ width, height, data }: RgbImage): TensorSample => ({
  kind: 'tensor',
  tensor: { dtype: 'uint8', shape: [height, width, 3], data },
});

/** A crop that the client aligned itself: RGB, 0..255, uint8 or float32, exactly the model's size. */
function checkCrop({ tensor }: TensorSample, { width, height }: ImageInput): Pixels {
  const { shape, data, dtype } = tensor;
  if (dtype !== 'uint8' && dtype !== 'float32')
    throw badSample('tensor.dtype', 'BAD_TENSOR', `a crop is uint8 or float32 with values 0..255, not ${dtype}`);
  if (shape.length !== 3 || shape[0] !== height || shape[1] !== width || shape[2] !== 3)
    throw badSample(
      'tensor.shape',
      'BAD_TENSOR',
      `a crop for this model has shape [${height}, ${width}, 3] (height, width, RGB), not [${shape.join(', ')}]`,
    );
  if (data.length !== width * height * 3)
    throw badSample(
      'tensor.data',
      'BAD_TENSOR',
      `the crop has ${data.length} values where its shape says ${width * height * 3}`,
    );
  if (dtype === 'float32' && !allFinite(data))
    throw badSample('tensor.data', 'BAD_TENSOR', 'the crop holds NaN or infinity');
  return { width, height, data };
}

/** A sum is finite exactly where every float32 is, and cheaper than asking each. */
function allFinite(values: ArrayLike<number>): boolean {
  let sum = 0;
  for (let at = 0; at < values.length; at++) sum += values[at] as number;
  return Number.isFinite(sum);
}

function createClock() {
  let elapsed = 0;
  return {
    elapsedMs: () => elapsed,
    async time<T>(work: () => Promise<T>): Promise<T> {
      const started = performance.now();
      try {
        return await work();
      } finally {
        elapsed += performance.now() - started;
      }
    },
  };
}

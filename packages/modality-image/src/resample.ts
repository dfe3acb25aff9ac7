import { type Affine, affineScale, applyAffine, composeAffine, invertAffine } from './affine.ts';
import type { RgbImage } from './rgb-image.ts';
import { warp } from './warp.ts';

/**
 * As `warp`, for any scale: where the target is less than half the size, blocks of source pixels are averaged first,
 * because two-by-two interpolation would skip most of them.
 */
export function resample(image: RgbImage, transform: Affine, width: number, height: number): RgbImage {
  const factor = Math.floor(1 / affineScale(transform));
  if (factor < 2) return warp(image, transform, width, height);
  const region = visibleRegion(image, transform, width, height, 2 * factor);
  const shrunk = averageBlocks(image, region, factor);
  const toImage = {
    a: factor,
    b: 0,
    tx: region.left + (factor - 1) / 2,
    c: 0,
    d: factor,
    ty: region.top + (factor - 1) / 2,
  };
  return warp(shrunk, composeAffine(transform, toImage), width, height);
}

/** Whole pixels: `left <= x < left + width`. */
export interface Region {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** The part of an image that the target shows, `margin` pixels wider on every side; at least one pixel. */
export function visibleRegion(
  size: { readonly width: number; readonly height: number },
  transform: Affine,
  width: number,
  height: number,
  margin: number,
): Region {
  const inverse = invertAffine(transform);
  const corners = [0, width - 1].flatMap((x) => [0, height - 1].map((y) => applyAffine(inverse, { x, y })));
  const [left, right] = interval(
    corners.map(({ x }) => x),
    size.width,
    margin,
  );
  const [top, bottom] = interval(
    corners.map(({ y }) => y),
    size.height,
    margin,
  );
  return { left, top, width: right - left, height: bottom - top };
}

function interval(values: readonly number[], size: number, margin: number): [number, number] {
  const start = Math.min(size - 1, Math.max(0, Math.floor(Math.min(...values)) - margin));
  const end = Math.min(size, Math.max(start + 1, Math.ceil(Math.max(...values)) + 1 + margin));
  return [start, end];
}

/** The region's mean over `factor` × `factor` blocks; blocks at the right and bottom may be smaller. */
function averageBlocks(image: RgbImage, region: Region, factor: number): RgbImage {
  const width = Math.ceil(region.width / factor);
  const height = Math.ceil(region.height / factor);
  const data = new Uint8Array(width * height * 3);
  const sums = new Uint32Array(width * 3);
  for (let y = 0; y < height; y++) {
    sums.fill(0);
    const rows = Math.min(factor, region.height - y * factor);
    for (let row = 0; row < rows; row++) addRow(image, region, y * factor + row, factor, sums);
    for (let x = 0; x < width; x++) {
      const count = rows * Math.min(factor, region.width - x * factor);
      for (let channel = 3 * x; channel < 3 * x + 3; channel++)
        data[y * width * 3 + channel] = ((sums[channel] as number) + count / 2) / count;
    }
  }
  return { width, height, data };
}

function addRow(image: RgbImage, region: Region, row: number, factor: number, sums: Uint32Array): void {
  const { data } = image;
  let at = ((region.top + row) * image.width + region.left) * 3;
  for (let x = 0, start = 0; start < region.width; x += 3, start += factor) {
    let [red, green, blue] = [0, 0, 0];
    const end = at + 3 * Math.min(factor, region.width - start);
    for (; at < end; at += 3) {
      red += data[at] as number;
      green += data[at + 1] as number;
      blue += data[at + 2] as number;
    }
    sums[x] = (sums[x] as number) + red;
    sums[x + 1] = (sums[x + 1] as number) + green;
    sums[x + 2] = (sums[x + 2] as number) + blue;
  }
}

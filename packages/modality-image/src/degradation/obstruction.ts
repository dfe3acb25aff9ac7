import type { SeededRandom } from '@affinis/core';
import { composeAffine } from '../affine.ts';
import type { RgbImage } from '../rgb-image.ts';
import { warp } from '../warp.ts';
import { linear, pixelsIn } from './scale.ts';

/** A hand, a mask: a rectangle over 5 to 45 % of the crop, black, of one colour, or noise. */
export function occlusion(image: RgbImage, severity: number, random: SeededRandom): RgbImage {
  const { width, height } = image;
  const area = linear(0.05, 0.45, severity) * width * height;
  const aspect = Math.exp(random.between(-0.7, 0.7));
  const rows = Math.min(height - 2, Math.round(Math.sqrt(area * aspect)));
  const columns = Math.min(width - 2, Math.round(Math.sqrt(area / aspect)));
  const top = random.integer(height - rows + 1);
  const left = random.integer(width - columns + 1);
  const look = random.integer(3);
  const colour = [0, 1, 2].map(() => random.integer(256));
  const data = image.data.slice();
  for (let y = top; y < top + rows; y++)
    for (let at = (y * width + left) * 3; at < (y * width + left + columns) * 3; at++)
      data[at] = look === 0 ? 0 : look === 1 ? (colour[at % 3] ?? 0) : random.integer(256);
  return { ...image, data };
}

/** Blinds, a fence: lines of one colour, 1 to 6 pixels wide, every 16 to 10. */
export function stripes(image: RgbImage, severity: number, random: SeededRandom): RgbImage {
  const { width, height } = image;
  const thick = Math.max(1, Math.round(pixelsIn(image, linear(1, 6, severity))));
  const period = Math.max(thick + 1, Math.round(pixelsIn(image, linear(16, 10, severity))));
  const offset = random.integer(period);
  const upright = random.uniform() < 0.5;
  const colour = [0, 1, 2].map(() => random.integer(256));
  const data = image.data.slice();
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      if (((upright ? x : y) + offset) % period < thick) data.set(colour, (y * width + x) * 3);
  return { ...image, data };
}

/** Landmarks that are off: turned by 5 to 35 degrees, scaled and moved. */
export function misalignment(image: RgbImage, severity: number, random: SeededRandom): RgbImage {
  const { width, height } = image;
  const angle = ((random.uniform() < 0.5 ? -1 : 1) * linear(5, 35, severity) * Math.PI) / 180;
  const scale = Math.exp(random.between(-1, 1) * linear(0.05, 0.45, severity));
  const move = pixelsIn(image, linear(2, 16, severity));
  const [cx, cy] = [width / 2, height / 2];
  const [cos, sin] = [scale * Math.cos(angle), scale * Math.sin(angle)];
  const toOrigin = { a: 1, b: 0, tx: -cx, c: 0, d: 1, ty: -cy };
  const turned = { a: cos, b: -sin, tx: 0, c: sin, d: cos, ty: 0 };
  const back = { a: 1, b: 0, tx: cx + random.between(-move, move), c: 0, d: 1, ty: cy + random.between(-move, move) };
  return warp(image, composeAffine(back, composeAffine(turned, toOrigin)), width, height);
}

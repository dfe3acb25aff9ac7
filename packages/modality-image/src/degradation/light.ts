import type { SeededRandom } from '@affinis/core';
import type { RgbImage } from '../rgb-image.ts';
import { geometric, linear, mapValues, tabulate } from './scale.ts';

/** A poor sensor: Gaussian noise of standard deviation 5 to 70. */
export function noise(image: RgbImage, severity: number, random: SeededRandom): RgbImage {
  const deviation = linear(5, 70, severity);
  return mapValues(image, (old) => old + deviation * random.gaussian());
}

/** Too little light: 0.6 to 0.04 of it, with the noise of few photons. */
export function darkness(image: RgbImage, severity: number, random: SeededRandom): RgbImage {
  const gain = geometric(0.6, 0.04, severity);
  const deviations = tabulate((old) => Math.sqrt(0.5 * old * gain + 2));
  return mapValues(image, (old) => old * gain + random.gaussian() * (deviations[old] as number));
}

/** Too much light: 1.3 to 5 times of it, on a haze of up to 60. */
export function overexposure(image: RgbImage, severity: number): RgbImage {
  const gain = linear(1.3, 5, severity);
  const haze = linear(0, 60, severity);
  return mapValues(image, (old) => old * gain + haze);
}

/** Dead and hot pixels: 2 to 35 % of all. */
export function salt(image: RgbImage, severity: number, random: SeededRandom): RgbImage {
  const share = linear(0.02, 0.35, severity);
  const data = image.data.slice();
  for (let at = 0; at < data.length; at += 3)
    if (random.uniform() < share) data.fill(random.uniform() < 0.5 ? 0 : 255, at, at + 3);
  return { ...image, data };
}

/** Few colours: 6 to 2 levels, each channel weakened by up to 80 %. */
export function posterising(image: RgbImage, severity: number, random: SeededRandom): RgbImage {
  const steps = Math.max(2, Math.round(linear(6, 1.6, severity))) - 1;
  const channels = [0, 1, 2].map(() => {
    const gain = 1 - random.uniform() * linear(0.1, 0.8, severity);
    return tabulate((old) => (Math.round((old / 255) * steps) / steps) * 255 * gain);
  });
  return mapValues(image, (old, channel) => channels[channel]?.[old] as number);
}

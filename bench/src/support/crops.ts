export const cropSide = 150;

/** An aligned crop's worth of noise, uint8[150, 150, 3], the same for the same seed: a model takes as long for any pixels. */
export function crop(seed: number): Uint8Array {
  const pixels = new Uint8Array(cropSide * cropSide * 3);
  let state = seed + 1;
  for (let at = 0; at < pixels.length; at++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    pixels[at] = state >>> 24;
  }
  return pixels;
}

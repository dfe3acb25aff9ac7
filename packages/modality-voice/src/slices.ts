import type { MelSpectrogram } from './mel.ts';

/** How a recording is cut into the overlapping slices that the model sees. Frames are hops of `hopSize` samples. */
export interface SliceRule {
  readonly frames: number;
  readonly stepFrames: number;
  /** Least share of the last slice that must be sound, unless it is the only one. */
  readonly minCoverage: number;
  readonly hopSize: number;
}

/** First frames of the slices of a recording (Resemblyzer's `compute_partial_slices`); always at least one. */
export function sliceStarts(sampleCount: number, { frames, stepFrames, minCoverage, hopSize }: SliceRule): number[] {
  const frameCount = Math.ceil((sampleCount + 1) / hopSize);
  const end = Math.max(1, frameCount - frames + stepFrames + 1);
  const starts: number[] = [];
  for (let start = 0; start < end; start += stepFrames) starts.push(start);
  const covered = (sampleCount - (starts.at(-1) ?? 0) * hopSize) / (frames * hopSize);
  if (covered < minCoverage && starts.length > 1) starts.pop();
  return starts;
}

/** Samples that the wave must have for its last slice to be whole; the missing ones are zeros. */
export const paddedLength = (sampleCount: number, starts: readonly number[], { frames, hopSize }: SliceRule): number =>
  Math.max(sampleCount, ((starts.at(-1) ?? 0) + frames) * hopSize);

/** The slices side by side: `float32[starts.length, frames, bands]`. */
export function cutSlices(mel: MelSpectrogram, starts: readonly number[], frames: number): Float32Array {
  const sliceLength = frames * mel.bands;
  const rows = new Float32Array(starts.length * sliceLength);
  for (const [row, start] of starts.entries())
    rows.set(mel.data.subarray(start * mel.bands, start * mel.bands + sliceLength), row * sliceLength);
  return rows;
}

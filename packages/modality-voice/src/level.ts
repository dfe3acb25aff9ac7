/** Full scale to decibels. */
export interface LevelRule {
  readonly targetDbfs: number;
  readonly mode: 'raise-only';
}

/** Root mean square of mono samples. */
export function rms(samples: Float32Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  return samples.length === 0 ? 0 : Math.sqrt(sum / samples.length);
}

/** Loudness in dB below full scale without a constant offset, which carries no sound; -Infinity for digital silence. */
export function levelDbfs(samples: Float32Array): number {
  let sum = 0;
  let squares = 0;
  for (const sample of samples) {
    sum += sample;
    squares += sample * sample;
  }
  const mean = sum / samples.length;
  return 10 * Math.log10(Math.max(0, squares / samples.length - mean * mean));
}

/** The factor that brings quiet samples to the target; 1 where they are loud enough. */
export function levelGain(samples: Float32Array, { targetDbfs }: LevelRule): number {
  const gain = 10 ** (targetDbfs / 20) / rms(samples);
  return Number.isFinite(gain) ? Math.max(1, gain) : 1;
}

/** Applies `levelGain`; returns the same array where nothing changes. */
export function raiseLevel(samples: Float32Array, rule: LevelRule): Float32Array {
  const gain = levelGain(samples, rule);
  return gain === 1 ? samples : samples.map((sample) => sample * gain);
}

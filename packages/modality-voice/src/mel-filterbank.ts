/** How a spectrum is folded into mel bands. */
export interface FilterbankRule {
  readonly fftSize: number;
  readonly sampleRate: number;
  readonly bands: number;
  readonly fminHz: number;
  readonly fmaxHz: number;
}

/** A triangle over spectrum bins: `weights[i]` belongs to bin `first + i`. */
export interface MelBand {
  readonly first: number;
  readonly weights: Float64Array;
}

/**
 * Triangular mel filters as librosa's default: Slaney's mel scale (Auditory Toolbox 1998: linear below 1 kHz, then
 * logarithmic), each filter scaled to unit area in Hz. Rounded to float32 as there.
 */
export function createMelFilterbank({ fftSize, sampleRate, bands, fminHz, fmaxHz }: FilterbankRule): MelBand[] {
  const [lowest, highest] = [hzToMel(fminHz), hzToMel(fmaxHz)];
  const edges = Array.from({ length: bands + 2 }, (_, i) => melToHz(lowest + ((highest - lowest) * i) / (bands + 1)));
  return Array.from({ length: bands }, (_, band) => {
    const [left = 0, centre = 0, right = 0] = edges.slice(band, band + 3);
    const weightAt = (bin: number) => {
      const hz = (bin * sampleRate) / fftSize;
      const height = Math.max(0, Math.min((hz - left) / (centre - left), (right - hz) / (right - centre)));
      return Math.fround((height * 2) / (right - left));
    };
    const first = Math.max(0, Math.ceil((left * fftSize) / sampleRate));
    const last = Math.min(fftSize / 2, Math.floor((right * fftSize) / sampleRate));
    return {
      first,
      weights: Float64Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => weightAt(first + i)),
    };
  });
}

const hzPerMel = 200 / 3;
const breakHz = 1000;
const breakMel = breakHz / hzPerMel;
const logStep = Math.log(6.4) / 27;

const hzToMel = (hz: number) => (hz < breakHz ? hz / hzPerMel : breakMel + Math.log(hz / breakHz) / logStep);
const melToHz = (mel: number) => (mel < breakMel ? mel * hzPerMel : breakHz * Math.exp(logStep * (mel - breakMel)));

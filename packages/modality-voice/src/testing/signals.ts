/** A sine of the amplitude given. */
export const tone = (hz: number, rateHz: number, samples: number, amplitude = 0.5): Float32Array =>
  Float32Array.from({ length: samples }, (_, n) => amplitude * Math.sin((2 * Math.PI * hz * n) / rateHz));

/** Amplitude of one frequency, by a least-squares fit of sine and cosine. */
export function amplitudeAt(samples: Float32Array, hz: number, rateHz: number): number {
  let [sine, cosine] = [0, 0];
  for (const [n, sample] of samples.entries()) {
    sine += sample * Math.sin((2 * Math.PI * hz * n) / rateHz);
    cosine += sample * Math.cos((2 * Math.PI * hz * n) / rateHz);
  }
  return (2 * Math.hypot(sine, cosine)) / samples.length;
}

export const decibels = (ratio: number): number => 20 * Math.log10(ratio);

export const cosine = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  let [product, normA, normB] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    product += (a[i] ?? 0) * (b[i] ?? 0);
    normA += (a[i] ?? 0) ** 2;
    normB += (b[i] ?? 0) ** 2;
  }
  return product / Math.sqrt(normA * normB);
};

import type { create } from '@alexanderolsen/libsamplerate-js';

/**
 * libsamplerate's `SRC_SINC_MEDIUM_QUALITY`: flat up to 0.87 of the lower Nyquist frequency, aliases below -119 dB. The
 * best quality is flat to 0.96 and takes three times as long; above 7 kHz a voice has little.
 */
const converterType = 1;
/** Above this many samples the library works in pieces and keeps state, so such an instance is used once. */
const wholeSamples = 1_000_000;
/** Silence behind a long recording, which would lose its last few milliseconds otherwise. */
const tailSamples = 4096;
const maxKeptRates = 8;

type Converter = Awaited<ReturnType<typeof create>>;
const kept = new Map<string, Converter>();

/** Mono samples at another rate: `float32[n]` to `float32[round(n * to / from)]`. */
export async function resample(samples: Float32Array, fromHz: number, toHz: number): Promise<Float32Array> {
  if (fromHz === toHz) return samples;
  const length = Math.round((samples.length * toHz) / fromHz);
  return samples.length < wholeSamples
    ? exactly((await keptConverter(fromHz, toHz)).simple(samples), length)
    : resampleInPieces(samples, fromHz, toHz, length);
}

async function resampleInPieces(
  samples: Float32Array,
  fromHz: number,
  toHz: number,
  length: number,
): Promise<Float32Array> {
  const padded = new Float32Array(samples.length + tailSamples);
  padded.set(samples);
  const converter = await createConverter(fromHz, toHz);
  try {
    return exactly(converter.simple(padded), length);
  } finally {
    converter.destroy();
  }
}

async function keptConverter(fromHz: number, toHz: number): Promise<Converter> {
  const key = `${fromHz}>${toHz}`;
  const found = kept.get(key);
  if (found) return found;
  const converter = await createConverter(fromHz, toHz);
  const [oldest] = kept.keys();
  if (kept.size >= maxKeptRates && oldest !== undefined) kept.delete(oldest);
  kept.set(key, converter);
  return converter;
}

async function createConverter(fromHz: number, toHz: number): Promise<Converter> {
  const imported = await import('@alexanderolsen/libsamplerate-js');
  const library = 'create' in imported ? imported : (imported as { default: typeof imported }).default;
  return library.create(1, fromHz, toHz, { converterType });
}

/** Rounding in the library may leave it one sample off. */
function exactly(samples: Float32Array, length: number): Float32Array {
  if (samples.length === length) return samples;
  const exact = new Float32Array(length);
  exact.set(samples.subarray(0, length));
  return exact;
}

import { WaveFile } from 'wavefile';

/** A WAV file written by an independent library; integer samples for `8` to `32`, floats for `32f` and `64`. */
export function writeWav(
  planes: readonly ArrayLike<number>[],
  rateHz: number,
  depth: string,
  container = 'RIFF',
): Uint8Array {
  const wav = new WaveFile();
  const channels = planes.map((plane) => Array.from(plane));
  wav.fromScratch(channels.length, rateHz, depth, channels.length === 1 ? (channels[0] ?? []) : channels, {
    container,
  });
  return new Uint8Array(wav.toBuffer());
}

/** The same samples companded by G.711. */
export function writeG711(samples: Int16Array, rateHz: number, law: 'alaw' | 'mulaw'): Uint8Array {
  const wav = new WaveFile();
  wav.fromScratch(1, rateHz, '16', samples);
  if (law === 'alaw') wav.toALaw();
  else wav.toMuLaw();
  return new Uint8Array(wav.toBuffer());
}

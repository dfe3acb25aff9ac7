import type { Flac } from 'libflacjs';

/** A FLAC file of integer samples by libFLAC's encoder. */
export async function writeFlac(planes: readonly Int32Array[], rateHz: number, bits: number): Promise<Uint8Array> {
  const imported = (await import('libflacjs/dist/libflac.js')) as unknown as { default?: Flac } & Flac;
  const flac = imported.default ?? imported;
  if (!flac.isReady()) await new Promise<void>((resolve) => flac.on('ready', () => resolve()));
  const pieces: Uint8Array[] = [];
  const length = planes[0]?.length ?? 0;
  const encoder = flac.create_libflac_encoder(rateHz, planes.length, bits, 5, length, false, 0);
  flac.init_encoder_stream(encoder, (piece) => {
    pieces.push(Uint8Array.from(piece));
  });
  const interleaved = Int32Array.from(
    { length: length * planes.length },
    (_, i) => planes[i % planes.length]?.[Math.floor(i / planes.length)] ?? 0,
  );
  flac.FLAC__stream_encoder_process_interleaved(encoder, interleaved, length);
  flac.FLAC__stream_encoder_finish(encoder);
  flac.FLAC__stream_encoder_delete(encoder);
  return Uint8Array.from(pieces.flatMap((piece) => [...piece]));
}

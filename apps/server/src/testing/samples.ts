import { randomFillSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32, deflateSync } from 'node:zlib';
import type { MediaSample, PcmSample, TextSample } from '@affinis/core';
import { decodeImage } from '@affinis/modality-image';
import { repositoryRoot } from './server-process.ts';

export const samplePath = (name: string): string => join(repositoryRoot, 'samples', name);
export const sampleBytes = (name: string): Uint8Array => new Uint8Array(readFileSync(samplePath(name)));
export const media = (bytes: Uint8Array, mediaType?: string): MediaSample => ({
  kind: 'media',
  bytes,
  ...(mediaType === undefined ? {} : { mediaType }),
});
/** `faces/obama-1.jpg`, `voices/storm-1.flac`, … */
export const sample = (name: string): MediaSample => media(sampleBytes(name));
export const text = (value: string): TextSample => ({ kind: 'text', text: value });

/** A picture of several people; they are not ours to copy. */
export const groupPhoto = (): MediaSample =>
  media(new Uint8Array(readFileSync(join(repositoryRoot, 'node_modules/@vladmandic/face-api/demo/sample4.jpg'))));

/** Mono PCM of a sine, or of silence. */
export function tone(seconds: number, { sampleRateHz = 16_000, amplitude = 0.3 } = {}): PcmSample {
  const samples = Float32Array.from(
    { length: Math.round(seconds * sampleRateHz) },
    (_, index) => amplitude * Math.sin((2 * Math.PI * 220 * index) / sampleRateHz),
  );
  return { kind: 'pcm', samples, sampleRateHz, channels: 1 };
}

/** A PNG of about `bytes`: a sample's face, in a frame of noise that no compression shrinks. */
export async function largePhoto(name: string, bytes: number): Promise<Uint8Array> {
  const face = await decodeImage(sampleBytes(name));
  const width = Math.max(face.width, Math.round(Math.sqrt((bytes / 3) * 1.2)));
  const height = Math.max(face.height, Math.round(bytes / 3 / width));
  const data = randomFillSync(new Uint8Array(width * height * 3));
  const left = Math.floor((width - face.width) / 2);
  const top = Math.floor((height - face.height) / 2);
  for (let row = 0; row < face.height; row++)
    data.set(face.data.subarray(row * face.width * 3, (row + 1) * face.width * 3), ((top + row) * width + left) * 3);
  return png(width, height, data);
}

/** RGB pixels as a PNG; without `data`, all black. */
export function png(width: number, height: number, data = new Uint8Array(width * height * 3)): Uint8Array {
  const rows = new Uint8Array(height * (width * 3 + 1));
  for (let row = 0; row < height; row++)
    rows.set(data.subarray(row * width * 3, (row + 1) * width * 3), row * (width * 3 + 1) + 1);
  return pngOf(width, height, deflateSync(rows, { level: 1 }));
}

/** A PNG whose header may say anything about its pixels. */
export function pngOf(width: number, height: number, deflated: Uint8Array): Uint8Array {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const signature = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
  const parts = [signature, pngChunk('IHDR', header), pngChunk('IDAT', deflated), pngChunk('IEND', new Uint8Array())];
  return new Uint8Array(Buffer.concat(parts));
}

function pngChunk(type: string, data: Uint8Array): Buffer {
  const chunk = Buffer.alloc(12 + data.length);
  chunk.writeUInt32BE(data.length, 0);
  chunk.write(type, 4, 'latin1');
  chunk.set(data, 8);
  chunk.writeUInt32BE(crc32(chunk.subarray(4, 8 + data.length)), 8 + data.length);
  return chunk;
}

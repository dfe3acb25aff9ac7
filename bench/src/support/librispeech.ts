import type { PcmSample } from '@affinis/core';
import { decodeAudio } from '@affinis/modality-voice';
import { readZip } from './archive.ts';
import { requireData } from './workplace.ts';

export const librispeechArchive = 'voice/librispeech-train.zip';

const pieceSeconds = 3;
const piecesPerSpeaker = 4;

/** A piece of a recording. One recording a speaker, so that pieces of one speaker share the session. */
export interface Piece {
  readonly speaker: string;
  readonly sample: PcmSample;
}

/** Up to four pieces of 3 s of each of the 251 speakers, from the beginning of the recording. */
export async function readPieces(): Promise<Piece[]> {
  const recordings = readZip(requireData(librispeechArchive), (name) => name.endsWith('.flac'));
  const pieces: Piece[] = [];
  for (const [name, bytes] of recordings) {
    const speaker = name.replace(/^.*\//, '').split('-')[0] ?? '';
    const { samples, sampleRateHz } = await decodeAudio(bytes, { maxDurationMs: 60_000 });
    const length = pieceSeconds * sampleRateHz;
    for (let piece = 0; piece < Math.min(piecesPerSpeaker, Math.floor(samples.length / length)); piece++) {
      const part = samples.slice(piece * length, (piece + 1) * length);
      pieces.push({ speaker, sample: { kind: 'pcm', samples: part, sampleRateHz, channels: 1 } });
    }
  }
  return pieces;
}

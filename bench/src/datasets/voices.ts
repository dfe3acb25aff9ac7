import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import wavefile from 'wavefile';
import { readPieces } from '../support/librispeech.ts';
import { halves, type Label, writeLabels } from './labels.ts';

/** Up to four pieces of 3 s of each of LibriSpeech's speakers, WAV of 16 bits. Pieces of one speaker share the session. */
export async function writeVoices(folder: string): Promise<string> {
  mkdirSync(join(folder, 'voices'), { recursive: true });
  const counts = new Map<string, number>();
  const labels: Label[] = [];
  for (const { speaker, sample } of await readPieces()) {
    const piece = counts.get(speaker) ?? 0;
    counts.set(speaker, piece + 1);
    const path = `voices/${speaker}-${piece}.wav`;
    const wav = new wavefile.WaveFile();
    wav.fromScratch(
      1,
      sample.sampleRateHz,
      '16',
      sample.samples.map((value) => Math.round(value * 32767)),
    );
    writeFileSync(join(folder, path), wav.toBuffer());
    labels.push({ sample: path, subject: speaker });
  }
  const { a, b } = halves(labels);
  return [
    writeLabels(folder, 'voices', 'path', labels),
    writeLabels(folder, 'voices-a', 'path', a),
    writeLabels(folder, 'voices-b', 'path', b),
  ].join('\n');
}

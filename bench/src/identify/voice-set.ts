import { librispeechArchive, readPieces } from '../support/librispeech.ts';
import { bySubject, type IdentificationSet } from './identification-set.ts';

/** LibriSpeech pieces of 3 s: of every second speaker with two or more, one is enrolled; the others are strangers. */
export const voiceSet: IdentificationSet = {
  embedder: 'voice',
  files: [librispeechArchive],
  plugin: '@affinis/modality-voice',
  async read() {
    const pieces = (await readPieces()).map(({ speaker, sample }) => ({ subject: speaker, sample }));
    const speakers = bySubject(pieces).filter(([, own]) => own.length > 1);
    const half = (wanted: number) => speakers.filter((_, index) => index % 2 === wanted);
    const enrolled = half(0).flatMap(([, own]) => own.slice(0, 1));
    return {
      enrolled,
      mates: half(0).flatMap(([, own]) => own.slice(1)),
      strangers: half(1).flatMap(([, own]) => own),
      others: enrolled,
    };
  },
};

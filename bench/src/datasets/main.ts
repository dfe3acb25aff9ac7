import { mkdirSync } from 'node:fs';
import { lfwFiles } from '../support/lfw.ts';
import { librispeechArchive } from '../support/librispeech.ts';
import { missingData } from '../support/workplace.ts';
import { writeFaces } from './faces.ts';
import { sentenceFiles, writeSentences } from './sentences.ts';
import { writeVoices } from './voices.ts';

// `npm run datasets -- DIR`: the development data as files and labels that `affinis fit`, `calibrate` and `evaluate` read.

const datasets = [
  { files: [lfwFiles.archive], write: writeFaces },
  { files: [librispeechArchive], write: writeVoices },
  { files: Object.values(sentenceFiles), write: writeSentences },
];

const [folder] = process.argv.slice(2);
if (folder === undefined) {
  console.error('usage: npm run datasets -- DIR');
  process.exitCode = 2;
} else {
  mkdirSync(folder, { recursive: true });
  for (const { files, write } of datasets) {
    const missing = missingData(files);
    console.log(missing.length > 0 ? `development data not found: ${missing.join(', ')}` : await write(folder));
  }
}

import { copyFileSync, mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { developmentData } from '@affinis/conformance';
import { repositoryRoot } from './server-process.ts';

/**
 * A temporary folder with MiniLM as a user adds it. Undefined, with a warning, where the development data is not there:
 * skip the test then. The caller removes the folder.
 */
export function folderWithTextModel(): string | undefined {
  const name = 'text-minilm-l6-int8';
  const artefact = developmentData(`models/${name}.onnx`);
  const vocabulary = developmentData('models/text-bert-uncased-vocab.txt');
  if (artefact === undefined || vocabulary === undefined) return undefined;
  const folder = mkdtempSync(join(tmpdir(), 'affinis-test-'));
  const home = join(folder, 'models', name, '1');
  mkdirSync(home, { recursive: true });
  copyFileSync(join(repositoryRoot, `tools/models/user-models/${name}.yaml`), join(home, 'model.yaml'));
  copyFileSync(artefact, join(home, `${name}.onnx`));
  copyFileSync(vocabulary, join(home, 'vocab.txt'));
  return folder;
}

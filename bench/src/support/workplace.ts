import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { developmentData } from '@affinis/conformance';

/** A temporary folder that a server starts in: its configuration, and models that a user has added. */
export interface Workplace {
  readonly folder: string;
  /** Puts a new `affinis.yaml` in the old one's place. */
  configure(text: string): void;
  remove(): void;
}

export const adminToken = 'bench';

/** The section of an `affinis.yaml` that opens the admin port. */
export const adminSection = 'admin: { port: 0, tokensFile: admin-token }\n';

const manifests = fileURLToPath(new URL('../../../tools/models/user-models/', import.meta.url));
const vocabulary = 'models/text-bert-uncased-vocab.txt';

/** Throws where a model's artefact is not there; ask `missingData` before. */
export function createWorkplace(options: {
  readonly config?: string;
  readonly userModels?: readonly string[];
}): Workplace {
  const folder = mkdtempSync(join(tmpdir(), 'affinis-bench-'));
  const configure = (text: string) => {
    writeFileSync(join(folder, 'affinis.new'), text);
    renameSync(join(folder, 'affinis.new'), join(folder, 'affinis.yaml'));
  };
  writeFileSync(join(folder, 'admin-token'), adminToken);
  if (options.config !== undefined) configure(options.config);
  for (const name of options.userModels ?? []) addModel(folder, name);
  return { folder, configure, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** What a user does by hand: the manifest as it is, the artefact beside it, and a vocabulary where one is named. */
function addModel(folder: string, name: string): void {
  const home = join(folder, 'models', name, '1');
  mkdirSync(home, { recursive: true });
  copyFileSync(join(manifests, `${name}.yaml`), join(home, 'model.yaml'));
  copyFileSync(requireData(artefactOf(name)), join(home, `${name}.onnx`));
  if (readFileSync(join(home, 'model.yaml'), 'utf8').includes('file: vocab.txt'))
    copyFileSync(requireData(vocabulary), join(home, 'vocab.txt'));
}

export const artefactOf = (model: string): string => `models/${model}.onnx`;

/** Files of the development data that are not here; none: all are. */
export const missingData = (files: readonly string[]): string[] =>
  files.filter((file) => developmentData(file) === undefined);

/** Path of a file of the development data. */
export function requireData(file: string): string {
  const path = developmentData(file);
  if (path === undefined) throw new Error(`development data ${file} is not here; set AFFINIS_DATA to its folder`);
  return path;
}

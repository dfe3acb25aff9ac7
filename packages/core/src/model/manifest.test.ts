import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseYamlDocument } from '../yaml-document.ts';
import { modelManifestSchema } from './manifest.ts';

const minimal = {
  name: 'face',
  version: '1',
  modality: 'image',
  artefact: { file: 'model.onnx', sha256: 'a'.repeat(64) },
  licence: { name: 'MIT' },
  input: { anything: { the: 'modality reads' } },
  output: {},
};
const problem = (changes: object) => modelManifestSchema.safeParse({ ...minimal, ...changes }).error?.issues[0];

describe('modelManifestSchema', () => {
  it('has defaults for what a manifest may leave out', () => {
    expect(modelManifestSchema.parse(minimal)).toMatchObject({
      task: 'embedding',
      backend: 'onnx',
      batching: 'across-samples',
      output: { normalise: 'l2' },
      thresholds: {},
      decoderOptions: {},
    });
  });

  it.each<[object, string, RegExp]>([
    [{ version: 1 }, 'version', /quoted/],
    [{ version: '../1' }, 'version', /folder name/],
    [{ name: 'Face' }, 'name', /lower-case/],
    [{ artefact: { file: 'x', sha256: 'A'.repeat(64) } }, 'artefact.sha256', /64 lower-case hexadecimal/],
    [{ artefact: { file: '', sha256: 'a'.repeat(64) } }, 'artefact.file', /Too small/],
    [{ output: { dimension: 0 } }, 'output.dimension', /Too small/],
    [{ output: { normalize: 'l2' } }, 'output', /normalize/],
    [{ thresholds: { cosine: 'high' } }, 'thresholds.cosine', /number/],
  ])('refuses %j', (changes, path, message) => {
    expect(problem(changes)?.path.join('.')).toBe(path);
    expect(problem(changes)?.message).toMatch(message);
  });

  it('takes every manifest that ships', () => {
    const root = join(import.meta.dirname ?? __dirname, '../../../../models');
    const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((file) =>
      file.endsWith('model.yaml'),
    );
    expect(files.length).toBeGreaterThan(0);
    for (const file of files)
      expect(() => parseYamlDocument(readFileSync(join(root, file), 'utf8'), modelManifestSchema, file)).not.toThrow();
  });
});

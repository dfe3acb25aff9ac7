import fc from 'fast-check';
import { type ModelManifest, modelManifestSchema } from './manifest.ts';
import { spaceOf } from './space.ts';

const base = {
  name: 'face',
  version: '2',
  modality: 'image',
  artefact: { file: 'model.onnx', sha256: 'a'.repeat(64) },
  licence: { name: 'MIT' },
  input: { width: 112, mean: [1, 2], nested: { a: 1, b: 'x' }, detector: 'tiny', landmarks: 'five', vad: 'silero' },
  output: { tensor: 'e', dimension: 4 },
};
const space = (changes: object = {}) => spaceOf(modelManifestSchema.parse({ ...base, ...changes }));

describe('spaceOf', () => {
  it('names the model and a digest', () => {
    expect(space()).toMatch(/^face\/[0-9a-f]{16}$/);
  });

  it.each<[string, object]>([
    ['the artefact', { artefact: { ...base.artefact, sha256: 'b'.repeat(64) } }],
    ['a file beside the artefact', { artefact: { ...base.artefact, files: { 'weights.bin': 'b'.repeat(64) } } }],
    ['preprocessing', { input: { ...base.input, width: 113 } }],
    ['the order inside a list', { input: { ...base.input, mean: [2, 1] } }],
    ['something nested', { input: { ...base.input, nested: { a: 1, b: 'y' } } }],
    ['the output tensor', { output: { ...base.output, tensor: 'f' } }],
    ['the dimension', { output: { ...base.output, dimension: 5 } }],
    ['normalisation', { output: { ...base.output, normalise: 'none' } }],
    ['the name', { name: 'other' }],
  ])('changes with %s', (_, changes) => {
    expect(space(changes)).not.toBe(space());
  });

  it.each<[string, object]>([
    ['the artefact’s file name', { artefact: { ...base.artefact, file: 'renamed.onnx' } }],
    ['words for people', { description: 'other', licence: { name: 'Apache-2.0', note: 'n' } }],
    ['thresholds', { thresholds: { cosine: 0.5 } }],
    [
      'which part of a medium is embedded',
      { input: { ...base.input, detector: 'yunet', landmarks: 'x', vad: 'none' } },
    ],
    ['an uncertainty head’s features', { output: { ...base.output, features: 'f' } }],
    ['batching', { batching: 'per-sample' }],
    ['defaults that are written out', { output: { ...base.output, normalise: 'l2' }, backend: 'onnx' }],
  ])('does not change with %s', (_, changes) => {
    expect(space(changes)).toBe(space());
  });

  it('does not depend on the order of keys', () => {
    const inputs = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 2 }), { maxKeys: 6 });
    fc.assert(
      fc.property(inputs, (input) => {
        const manifest = (entries: [string, unknown][]): ModelManifest => ({
          ...modelManifestSchema.parse(base),
          input: Object.fromEntries(entries),
        });
        const entries = Object.entries(input);
        expect(spaceOf(manifest(entries.toReversed()))).toBe(spaceOf(manifest(entries)));
      }),
    );
  });
});

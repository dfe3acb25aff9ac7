import type { Artefact } from '@affinis/core';
import { readModelJson } from './model-json.ts';
import { sumModel, tinyLayersModel } from './testing/tiny-models.ts';

const json = (content: unknown, files?: Artefact['files']): Artefact => ({
  path: '/nowhere/model.json',
  bytes: new TextEncoder().encode(typeof content === 'string' ? content : JSON.stringify(content)),
  ...(files ? { files } : {}),
});
const contentOf = ({ bytes }: Artefact) => JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>;

describe('readModelJson', () => {
  it('joins the weights of all files in the order of the manifest', () => {
    const { artifacts } = readModelJson(sumModel());
    expect(new Float32Array(artifacts.weightData as ArrayBuffer)).toEqual(Float32Array.of(10, 20));
    expect(artifacts.weightSpecs).toEqual([{ name: 'weight', shape: [2], dtype: 'float32' }]);
  });

  it.each([
    ['graph-model', sumModel()],
    ['layers-model', tinyLayersModel([1, 2, 3, 4])],
  ])('sees a %s that does not say so', (format, artefact) => {
    const { format: _, ...unmarked } = contentOf(artefact);
    expect(readModelJson(json(unmarked, artefact.files)).format).toBe(format);
  });

  it.each(['', 'not json', '[]', '{}', '{"modelTopology":[]}', '{"modelTopology":{},"format":"tflite"}'])(
    'refuses %j',
    (content) => {
      expect(() => readModelJson(json(content))).toThrow('not a model.json of TensorFlow.js');
    },
  );

  it.each(['../secret.bin', '/etc/passwd', 'https://example.org/w.bin', 'one.bin'])(
    'takes %s from nowhere but the listed files',
    (path) => {
      const weightsManifest = [{ paths: [path], weights: [] }];
      const read = () => readModelJson(json({ ...contentOf(sumModel()), weightsManifest }));
      expect(read).toThrow(`[backend-tfjs] model.json takes weights from "${path}", which model.yaml does not list`);
    },
  );
});

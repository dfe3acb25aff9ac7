import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createModelRepository, readModelFile } from './repository.ts';

const bytes = new TextEncoder().encode('weights');
const sha256 = createHash('sha256').update(bytes).digest('hex');

describe('model repository', () => {
  let folder: string;
  const root = (name: string) => join(folder, name);
  const put = (rootName: string, name: string, version: string, changes: Record<string, string> = {}) => {
    const path = join(root(rootName), name, version);
    mkdirSync(path, { recursive: true });
    const fields = { name, version: `"${version}"`, description: rootName, ...changes };
    const lines = Object.entries(fields).map(([key, value]) => `${key}: ${value}\n`);
    const rest = `modality: text\nartefact: { file: model.onnx, sha256: ${sha256} }\nlicence: { name: MIT }\ninput: {}\noutput: {}\n`;
    writeFileSync(join(path, 'model.yaml'), lines.join('') + rest);
    writeFileSync(join(path, 'model.onnx'), bytes);
    return path;
  };

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'affinis-models-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('finds the highest version, counting numbers as numbers, or the one named', async () => {
    for (const version of ['1.2', '1.10', '1.9']) put('a', 'face', version);
    const models = createModelRepository([root('a')]);
    expect((await models.find('face')).manifest.version).toBe('1.10');
    expect((await models.find('face@1.2')).manifest.version).toBe('1.2');
    expect((await models.list()).map(({ version }) => version)).toEqual(['1.2', '1.9', '1.10']);
  });

  it('takes the earlier root where two hold one version, and joins the versions of all', async () => {
    put('a', 'face', '1');
    put('b', 'face', '1');
    put('b', 'face', '2');
    put('b', 'voice', '1');
    const models = createModelRepository([root('missing'), root('a'), root('b')]);
    expect((await models.find('face@1')).manifest.description).toBe('a');
    expect((await models.find('face')).manifest.description).toBe('b');
    expect((await models.list()).map(({ name, version }) => `${name}@${version}`)).toEqual([
      'face@1',
      'face@2',
      'voice@1',
    ]);
  });

  it('sees a version that was added meanwhile', async () => {
    const models = createModelRepository([root('a')]);
    await expect(models.find('face')).rejects.toMatchObject({ code: 'not-found' });
    put('a', 'face', '1');
    await expect(models.find('face')).resolves.toBeDefined();
  });

  it('says what to do where a model is missing', async () => {
    put('a', 'face', '1');
    const models = createModelRepository([root('a')]);
    await expect(models.find('voice')).rejects.toMatchObject({
      code: 'not-found',
      reason: 'MODEL_MISSING',
      message: '[core] no model "voice"; put model.yaml and its artefact in models/voice/1/',
    });
    await expect(models.find('face@7')).rejects.toThrow('no model "face@7"; it has version 1; put');
  });

  it.each(['..', '../a/face', '.', '', 'face/1', '/etc', 'face\0', '@1', 'a\\b'])(
    'does not look for %j outside of its roots',
    async (reference) => {
      put('a', 'face', '1');
      await expect(createModelRepository([root('a'), root('a/face')]).find(reference)).rejects.toMatchObject({
        code: 'not-found',
      });
    },
  );

  it('does not take folders without a manifest for versions', async () => {
    put('a', 'face', '1');
    mkdirSync(join(root('a'), 'face', 'notes'));
    mkdirSync(join(root('a'), '.git', 'objects'), { recursive: true });
    const models = createModelRepository([root('a')]);
    expect((await models.find('face')).manifest.version).toBe('1');
    expect(await models.list()).toHaveLength(1);
  });

  it('lists a broken version with its error, and throws it when asked for', async () => {
    put('a', 'face', '1', { backend: '5' });
    put('a', 'voice', '1', { name: 'other' });
    const models = createModelRepository([root('a')]);
    expect(await models.list()).toMatchObject([
      { name: 'face', error: { message: expect.stringMatching(/^face\/1\/model\.yaml:4:10: backend: /) } },
      { name: 'voice', error: { reason: 'MODEL_UNUSABLE' } },
    ]);
    await expect(models.find('voice')).rejects.toThrow('says other@1; the folder is NAME/VERSION');
  });

  describe('readModelFile', () => {
    const refusal = (file: string, digest = sha256) =>
      readModelFile(join(root('a'), 'face', '1'), file, digest).catch((error: unknown) => error);

    it('reads what has the digest', async () => {
      const path = put('a', 'face', '1');
      const file = await readModelFile(path, 'model.onnx', sha256);
      expect(Buffer.compare(file.bytes, bytes)).toBe(0);
    });

    it.each([
      ['../../../secret', 'leaves'],
      ['../1', 'leaves'],
      ['.', 'leaves'],
      ['link', 'leaves'],
      ['linked/secret', 'leaves'],
      ['gone', 'is missing'],
      ['bad\0name', 'is missing'],
      ['folder', 'cannot be read'],
    ])('refuses %j', async (file, message) => {
      const path = put('a', 'face', '1');
      writeFileSync(join(folder, 'secret'), bytes);
      symlinkSync(join(folder, 'secret'), join(path, 'link'));
      symlinkSync(folder, join(path, 'linked'));
      mkdirSync(join(path, 'folder'));
      const error = await refusal(file);
      expect(error).toMatchObject({
        code: 'failed-precondition',
        reason: 'MODEL_UNUSABLE',
        message: expect.stringContaining(message),
      });
      expect((error as Error).message).not.toContain(folder);
    });

    it('follows a link that stays inside', async () => {
      const path = put('a', 'face', '1');
      symlinkSync('model.onnx', join(path, 'link'));
      await expect(readModelFile(path, 'link', sha256)).resolves.toBeDefined();
    });

    it('refuses another digest and a folder that is gone', async () => {
      put('a', 'face', '1');
      expect(await refusal('model.onnx', 'b'.repeat(64))).toMatchObject({
        field: 'artefact.sha256',
        message: `[core] "model.onnx" has sha256 ${sha256.slice(0, 12)}… where model.yaml says bbbbbbbbbbbb…; restore the file or correct the digest`,
      });
      await expect(readModelFile(join(folder, 'no'), 'model.onnx', sha256)).rejects.toMatchObject({
        reason: 'MODEL_UNUSABLE',
      });
    });
  });
});

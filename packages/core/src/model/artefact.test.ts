import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { artefactDigest, readArtefact } from './artefact.ts';

const sha256Of = (text: string) => createHash('sha256').update(text).digest('hex');
const text = (bytes: Uint8Array | undefined) => bytes && Buffer.from(bytes).toString();

describe('readArtefact', () => {
  let outer: string;
  let folder: string;
  beforeEach(() => {
    outer = mkdtempSync(join(tmpdir(), 'affinis-artefact-'));
    folder = join(outer, 'model');
    mkdirSync(join(folder, 'web', 'shards'), { recursive: true });
    writeFileSync(join(folder, 'web', 'model.json'), 'graph');
    writeFileSync(join(folder, 'web', 'shards', 'one.bin'), 'one');
    writeFileSync(join(outer, 'secret.bin'), 'one');
  });
  afterEach(() => rmSync(outer, { recursive: true, force: true }));

  const read = (files?: Record<string, string>) =>
    readArtefact(folder, { file: 'web/model.json', sha256: sha256Of('graph'), ...(files ? { files } : {}) });

  it('gives the files by their names, which start from the artefact’s folder', async () => {
    const artefact = await read({ 'shards/one.bin': sha256Of('one') });
    expect(text(artefact.bytes)).toBe('graph');
    expect([...(artefact.files ?? [])].map(([name, bytes]) => [name, text(bytes)])).toEqual([
      ['shards/one.bin', 'one'],
    ]);
    expect((await read()).files).toBeUndefined();
  });

  it.each([
    ['../../secret.bin', 'one', 'leaves'],
    ['link.bin', 'one', 'leaves'],
    ['shards/two.bin', 'one', 'is missing'],
    ['shards/one.bin', 'other', 'has sha256'],
  ])('refuses %s', async (name, content, message) => {
    symlinkSync(join(outer, 'secret.bin'), join(folder, 'web', 'link.bin'));
    await expect(read({ [name]: sha256Of(content) })).rejects.toMatchObject({
      code: 'failed-precondition',
      reason: 'MODEL_UNUSABLE',
      message: expect.stringContaining(message),
    });
  });
});

describe('artefactDigest', () => {
  const [one, two] = [sha256Of('one'), sha256Of('two')];

  it('is the sha256 of an artefact of one file', () => {
    expect(artefactDigest({ file: 'model.onnx', sha256: one })).toBe(one);
  });

  it('changes with every file and its name, and not with their order', () => {
    const digest = (files: Record<string, string>) => artefactDigest({ file: 'model.json', sha256: one, files });
    const all = [digest({}), digest({ a: one }), digest({ a: two }), digest({ b: one }), digest({ a: one, b: two })];
    expect(new Set([one, ...all]).size).toBe(6);
    expect(digest({ b: two, a: one })).toBe(all[4]);
  });
});

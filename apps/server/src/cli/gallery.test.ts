import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { anglesConfig } from '../testing/angles.ts';
import { runAffinis } from '../testing/run-affinis.ts';
import { samplePath } from '../testing/samples.ts';
import { withServer } from '../testing/use-server.ts';

const folder = mkdtempSync(join(tmpdir(), 'affinis-cli-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const affinis = async (...args: string[]) => runAffinis(args, { cwd: folder });
const json = async (...args: string[]) => {
  const { stdout, stderr, code } = await affinis(...args, '--json');
  if (stdout === '') throw new Error(`exit code ${code}: ${stderr}`);
  return JSON.parse(stdout);
};

describe('photos of people, one folder a person, without a server', () => {
  const obama = samplePath('faces/obama-2.jpg');
  const stranger = samplePath('faces/collins-1.jpg');

  beforeAll(async () => {
    for (const [person, photo] of Object.entries({ 'Barack Obama': 'obama-1', 'Joe Biden': 'biden-1' })) {
      mkdirSync(join(folder, 'people', person), { recursive: true });
      copyFileSync(samplePath(`faces/${photo}.jpg`), join(folder, 'people', person, '1.jpg'));
    }
    writeFileSync(join(folder, 'people/Joe Biden/notes.txt'), 'no photo');
    writeFileSync(join(folder, 'people/Joe Biden/.hidden'), 'left out');
    expect((await affinis('gallery', 'create', 'staff', '--pipeline', 'face')).stdout).toMatch(/^created staff: 0/);
  }, 60_000);

  it('are enrolled in one command; a file that fails is told and counted', async () => {
    const enrolled = await affinis('enroll', '--gallery', 'staff', 'people', '--metadata', 'team=red');
    expect([enrolled.code, enrolled.stdout]).toEqual([0, '2 samples of 2 identities enrolled into staff, 1 failed\n']);
    expect(enrolled.stderr).toMatch(/^people\/Joe Biden\/notes\.txt: .*no JPEG/);
    const strict = await affinis('enroll', '--gallery', 'staff', 'people', '--mode', 'replace', '--strict', '--json');
    expect(strict.code).toBe(5);
    expect(JSON.parse(strict.stdout)).toEqual({
      gallery: 'staff',
      enrolled: 2,
      identities: 2,
      failed: 1,
      failures: [
        { input: 'people/Joe Biden/notes.txt', error: expect.objectContaining({ reason: 'UNSUPPORTED_FORMAT' }) },
      ],
    });
    const none = await affinis('enroll', '--gallery', 'staff', '--id', 'x', 'people/Joe Biden/notes.txt');
    expect(none.code).toBe(2);
  }, 60_000);

  it('are found, and strangers are not', async () => {
    const found = await affinis('identify', '--gallery', 'staff', obama);
    expect(found.code).toBe(0);
    expect(found.stdout).toMatch(/obama-2\.jpg: Barack Obama .*a search, of 2\n$/);
    const other = await affinis('identify', '--gallery', 'staff', stranger, '--json');
    expect(other.code).toBe(1);
    expect(JSON.parse(other.stdout)).toMatchObject({
      decision: 'unknown',
      templateId: null,
      searched: 2,
      candidates: [{ score: expect.any(Number), fmr: expect.any(Number), searchFmr: 1 }, {}],
      policy: { kind: 'fmr' },
    });
    const all = await affinis('identify', '--gallery', 'staff', obama, 'none.jpg', stranger);
    expect([all.code, all.stdout.trimEnd().split('\n').length]).toEqual([0, 2]);
    expect(all.stderr).toContain('none.jpg: no such file');
  }, 60_000);

  it('move to another model with their metadata, or stay as they were', async () => {
    mkdirSync(join(folder, 'some/Joe Biden'), { recursive: true });
    copyFileSync(samplePath('faces/biden-1.jpg'), join(folder, 'some/Joe Biden/1.jpg'));
    const refused = await affinis('gallery', 'migrate', 'staff', 'some', '--pipeline', 'face-cosine');
    expect(refused).toMatchObject({
      code: 5,
      stderr: expect.stringMatching(/1 templates have no samples.*--leave-out/),
    });
    const wrong = await affinis('gallery', 'migrate', 'staff', 'people', '--pipeline', 'voice', '--leave-out');
    expect(wrong).toMatchObject({ code: 5, stderr: expect.stringContaining('could be embedded') });
    expect(await json('gallery', 'list')).toMatchObject([{ name: 'staff', pipeline: 'face', templates: 2 }]);

    const moved = await json('gallery', 'migrate', 'staff', 'some', '--pipeline', 'face-cosine', '--leave-out');
    expect(moved).toMatchObject({ templates: 1, samples: 1, leftOut: ['Barack Obama'], failures: [] });
    expect(await json('gallery', 'list')).toMatchObject([{ name: 'staff', pipeline: 'face-cosine', templates: 1 }]);
  }, 120_000);
});

describe('galleries of a folder and of its server', () => {
  const home = join(folder, 'angles');
  const there = async (...args: string[]) => runAffinis(args, { cwd: home });
  const lines = (text: string) =>
    text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));

  beforeAll(async () => {
    mkdirSync(home);
    writeFileSync(join(home, 'affinis.yaml'), anglesConfig());
    await there('gallery', 'create', 'phrases', '--pipeline', 'cosine');
    const enrolled = await there(
      'enroll',
      '--gallery',
      'phrases',
      '--id',
      'east',
      '--text',
      '0',
      '2',
      '--metadata',
      'kind=x',
    );
    expect(enrolled.stdout).toBe('2 samples of 1 identities enrolled into phrases\n');
    await there('enroll', '--gallery', 'phrases', '--id', 'north', '--text', '90', '--expires', '2099-01-01');
  }, 60_000);

  it('are shown, classified and filtered', async () => {
    const [shown, one, label] = [
      await there('gallery', 'show', 'phrases'),
      await there('gallery', 'show', 'phrases', 'north', '--json'),
      await there('classify', '--gallery', 'phrases', '--text', '3', '--label', 'kind', '--json'),
    ];
    expect(shown.stdout).toBe('east: 2 samples kind=x\nnorth: 1 samples expires 2099-01-01T00:00:00.000Z\n');
    expect(JSON.parse(one.stdout)).toMatchObject({ id: 'north', sourceCount: 1, consentAt: null });
    expect(JSON.parse(label.stdout)).toMatchObject({
      decision: 'match',
      label: 'x',
      votes: [{ label: 'x', votes: 1 }],
    });
    const missing = await there('gallery', 'show', 'phrases', 'south');
    expect(missing).toMatchObject({ code: 2, stderr: expect.stringContaining('no template "south"') });
  }, 60_000);

  it('are exported, imported with a bad line, compacted and backed up', async () => {
    const exported = await there('gallery', 'export', 'phrases', 'phrases.jsonl');
    expect(exported.stdout).toBe('2 templates of phrases exported to phrases.jsonl\n');
    const taken = await there('gallery', 'export', 'phrases', 'phrases.jsonl');
    expect(taken).toMatchObject({ code: 2, stderr: expect.stringContaining('phrases.jsonl: exists') });
    expect((await there('gallery', 'export', 'none', 'none.jsonl')).code).toBe(2);
    expect(existsSync(join(home, 'none.jsonl'))).toBe(false);
    const text = readFileSync(join(home, 'phrases.jsonl'), 'utf8').split('\n');
    writeFileSync(join(home, 'bad.jsonl'), [text[0], text[1], 'no JSON', text[2], ''].join('\n'));

    const atomic = await there('gallery', 'import', 'bad.jsonl', '--gallery', 'second', '--atomic', '--json');
    expect(atomic.code).toBe(2);
    expect(JSON.parse(atomic.stdout)).toMatchObject({ imported: 0, failed: 1, problems: [{ line: 3 }] });
    const imported = await there('gallery', 'import', 'bad.jsonl', '--gallery', 'second');
    expect([imported.code, imported.stdout]).toEqual([0, '2 templates imported into second, 1 lines were bad\n']);
    expect(imported.stderr).toMatch(/^bad\.jsonl:3: /);
    expect((await there('gallery', 'import', 'bad.jsonl', '--gallery', 'second', '--strict')).code).toBe(5);

    expect((await there('gallery', 'delete', 'second')).stdout).toMatch(/^deleted gallery second/);
    expect((await there('gallery', 'compact')).stdout).toMatch(/^2 templates in 1 galleries kept, 0 expired purged/);
    expect((await there('gallery', 'backup', 'copy')).stdout).toMatch(/^2 templates in 1 galleries copied to copy/);
    writeFileSync(join(home, 'copy.yaml'), anglesConfig('galleries: { path: copy }\n'));
    const list = await there('gallery', 'list', '--config', 'copy.yaml', '--json');
    expect(JSON.parse(list.stdout)).toMatchObject([{ name: 'phrases', templates: 2 }]);
  }, 120_000);

  it('are the server’s while it runs: asked through it, read beside it, refused otherwise', async () => {
    await withServer({ folder: home }, async ({ address }) => {
      const server = ['--server', address];
      const enrolled = await there(
        'enroll',
        '--gallery',
        'phrases',
        '--id',
        'west',
        '--text',
        '180',
        'x',
        ...server,
        '--json',
      );
      expect(JSON.parse(enrolled.stdout)).toMatchObject({ enrolled: 1, failed: 1 });
      const found = await there('identify', '--gallery', 'phrases', '--text', '179', '1', ...server, '--json');
      expect(lines(found.stdout)).toMatchObject([{ templateId: 'west' }, { templateId: 'east', searched: 3 }]);
      const removed = await there('gallery', 'delete', 'phrases', 'west', 'south', ...server, '--json');
      expect(JSON.parse(removed.stdout)).toMatchObject({ deleted: 1, failures: [{ input: 'south' }] });

      const refused = [
        await there('gallery', 'list'),
        await there('gallery', 'compact'),
        await there('gallery', 'import', 'phrases.jsonl'),
        await there('gallery', 'migrate', 'phrases', '.', '--pipeline', 'other'),
      ];
      for (const { code, stderr } of refused)
        expect([code, stderr]).toEqual([5, expect.stringMatching(/in use by a server.*--server HOST:PORT/)]);
      expect((await there('gallery', 'export', 'phrases')).stdout.trimEnd().split('\n')).toHaveLength(3);
      expect((await there('gallery', 'backup', 'copy-2')).code).toBe(0);
    });
  }, 120_000);

  it.each<[string, string[], RegExp]>([
    ['no gallery', ['identify', 'a.jpg'], /--gallery/],
    ['an unknown gallery', ['identify', '--gallery', 'none', '--text', '0'], /no gallery "none".*phrases/],
    ['a folder without subfolders', ['enroll', '--gallery', 'phrases', 'copy'], /no subfolders.*--id/],
    ['sentences of nobody', ['enroll', '--gallery', 'phrases', '--text', 'a'], /--id/],
    [
      'a bad date',
      ['enroll', '--gallery', 'phrases', '--id', 'a', '--text', '0', '--expires', 'soon'],
      /--expires soon/,
    ],
    ['a bad pair', ['enroll', '--gallery', 'phrases', '--id', 'a', '--text', '0', '--metadata', 'red'], /KEY=VALUE/],
    [
      'a bad mode',
      ['enroll', '--gallery', 'phrases', '--id', 'a', '--text', '0', '--mode', 'up'],
      /add, replace, create/,
    ],
  ])('%s: exit code 2, and what to do', async (_, args, said) => {
    const { code, stderr } = await there(...args);
    expect([code, stderr]).toEqual([2, expect.stringMatching(said)]);
  });
});

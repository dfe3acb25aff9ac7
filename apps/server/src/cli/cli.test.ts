import { copyFileSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runAffinis, runCommand } from '../testing/run-affinis.ts';
import { groupPhoto, samplePath } from '../testing/samples.ts';
import { affinisBin, repositoryRoot } from '../testing/server-process.ts';

const obama = samplePath('faces/obama-1.jpg');
const obamaLater = samplePath('faces/obama-2.jpg');
const biden = samplePath('faces/biden-1.jpg');
const storm = samplePath('voices/storm-1.flac');

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'affinis-cli-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const write = (name: string, content: string | Uint8Array): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};

describe('exit codes and what is said', () => {
  it('0: a match, on one line', async () => {
    const { code, stdout, stderr } = await runAffinis(['verify', obama, obamaLater]);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^match {2}mls \d+\.\d{4}, LLR \d+\.\d\d, FMR .*face, face-dlib128@2\n$/);
  });

  it('1: no match', async () => {
    const { code, stdout } = await runAffinis(['verify', obama, biden]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^no match/);
  });

  /** Side by side: most of their time is Node's start. */
  it('2: bad input or usage, and what to do about it', async () => {
    const cases: [string, string[], RegExp][] = [
      ['a missing file', ['verify', obama, 'none.jpg'], /none\.jpg: no such file.*--text/],
      ['a folder', ['verify', obama, folder], /cannot be read/],
      ['an empty file', ['verify', obama, write('empty.jpg', '')], /./],
      ['what is no photo or recording', ['verify', write('a.txt', 'hello'), obama], /name a pipeline/],
      ['a missing argument', ['verify', obama], /missing required argument/],
      ['an unknown option', ['verify', obama, obama, '--pipelin', 'face'], /--pipeline/],
      ['an unknown command', ['verfy', obama], /verify/],
      ['an unknown pipeline', ['verify', obama, obama, '--pipeline', 'palm'], /no pipeline "palm".*face-cosine/],
      ['a bad configuration', ['verify', obama, obama, '--config', write('bad.yaml', 'port: 1')], /bad\.yaml:1/],
      ['a bad address', ['verify', obama, obama, '--server', 'here'], /HOST:PORT/],
    ];
    const outcomes = await Promise.all(cases.map(([, args]) => runAffinis(args)));
    for (const [index, [name, , said]] of cases.entries()) {
      const { code, stdout, stderr = '' } = outcomes[index] ?? {};
      expect({ name, code, stdout, stderr }).toEqual({
        name,
        code: 2,
        stdout: '',
        stderr: expect.stringMatching(said),
      });
      expect(stderr).not.toMatch(/\n\s+at /);
    }
  });

  it('3: no server there', async () => {
    const { code, stderr } = await runAffinis([
      'verify',
      obama,
      obama,
      '--server',
      '127.0.0.1:1',
      '--deadline-ms',
      '3000',
    ]);
    expect(code).toBe(3);
    expect(stderr).toContain('127.0.0.1:1');
  });

  it('4: nothing to decide by', async () => {
    const config = write(
      'undecided.yaml',
      'metrics:\n  raw: { type: euclidean, parameters: { normalise: false } }\npipelines:\n  face-raw: { embedder: face, metric: raw }\n',
    );
    const { code, stdout, stderr } = await runAffinis([
      'verify',
      obama,
      obamaLater,
      '--pipeline',
      'face-raw',
      '-c',
      config,
      '--json',
    ]);
    expect([code, stderr]).toEqual([4, '']);
    expect(JSON.parse(stdout)).toMatchObject({ decision: 'undecided', threshold: null, thresholdSource: null });
  });

  it('5: a model that is damaged', async () => {
    const home = join(folder, 'models/speaker-ge2e-int8/2');
    mkdirSync(home, { recursive: true });
    cpSync(join(repositoryRoot, 'models/speaker-ge2e-int8/2'), home, { recursive: true });
    writeFileSync(join(home, 'model.onnx'), 'damaged');
    const verified = await runAffinis(['models', 'verify', 'speaker-ge2e-int8', 'face-dlib128', '--json'], {
      cwd: folder,
    });
    expect(verified.code).toBe(5);
    expect(JSON.parse(verified.stdout)).toEqual([
      { model: 'speaker-ge2e-int8@2', ok: false, problem: expect.stringMatching(/sha256|digest/i) },
      { model: 'face-dlib128@2', ok: true, problem: null },
    ]);
    const used = await runAffinis(['verify', storm, storm], { cwd: folder });
    expect(used.code).toBe(5);
    expect(used.stderr).toMatch(/pipeline "voice" is unavailable.*sha256.*restore the file/);
  });

  it('5: a model that is not there, with the place for it', async () => {
    const config = write('absent.yaml', 'embedders: { text: { model: none-such } }\n');
    const { code, stderr } = await runAffinis(['verify', '--text', 'a man', 'a woman', '--config', config]);
    expect(code).toBe(5);
    expect(stderr).toContain('models/none-such/1');
  });
});

describe('--json is all of standard output', () => {
  it('verify: one object with stable fields', async () => {
    const { stdout } = await runAffinis(['verify', obama, obamaLater, '--json']);
    expect(JSON.parse(stdout)).toEqual({
      pipeline: 'face',
      model: 'face-dlib128@2',
      metric: 'mls',
      polarity: 'similarity',
      score: expect.any(Number),
      threshold: expect.any(Number),
      thresholdSource: 'calibration',
      decision: 'match',
      reason: null,
      policy: { kind: 'fmr', fmr: 0.001 },
      llr: expect.any(Number),
      probability: expect.any(Number),
      prior: 0.5,
      fmr: expect.any(Number),
      fmrUpper: expect.any(Number),
      calibration: expect.stringMatching(/^[0-9a-f]{16}$/),
      timingsMs: {
        queue: expect.any(Number),
        decode: expect.any(Number),
        prepare: expect.any(Number),
        inference: expect.any(Number),
        score: expect.any(Number),
      },
    });
  });

  it('compare: one array; a pipeline that fails says so in its place', async () => {
    const { code, stdout } = await runAffinis(['compare', obama, biden, '--json']);
    expect(code).toBe(0);
    const rows = JSON.parse(stdout) as { pipeline: string; decision: string }[];
    expect(rows.map(({ pipeline, decision }) => [pipeline, decision])).toEqual([
      ['face', 'no_match'],
      ['face-cosine', 'no_match'],
      ['face-euclidean', 'no_match'],
      ['face-mls', 'no_match'],
      ['face-mls-llr', 'no_match'],
    ]);
    const mixed = await runAffinis(['compare', obama, biden, '--pipeline', 'face', '--pipeline', 'voice', '--json']);
    expect(mixed.code).toBe(0);
    expect(JSON.parse(mixed.stdout)).toMatchObject([
      { pipeline: 'face', decision: 'no_match' },
      { pipeline: 'voice', error: { code: 'invalid-argument', message: expect.any(String) } },
    ]);
  });

  it('embed: one object a line, in order, failures in their place and the worst exit code', async () => {
    const { code, stdout } = await runAffinis(['embed', obama, 'none.jpg', storm, '--json', '--embedder', 'face']);
    expect(code).toBe(2);
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines).toMatchObject([
      {
        input: obama,
        model: 'face-dlib128@2',
        dimension: 128,
        unitNorm: true,
        variance: { length: 128 },
        info: { kind: 'image' },
      },
      { input: 'none.jpg', error: { code: 'invalid-argument', reason: 'NO_FILE' } },
      { input: storm, error: { code: 'invalid-argument', reason: 'UNSUPPORTED_FORMAT' } },
    ]);
    expect(lines[0].mean).toHaveLength(128);
  });

  it('an error: one object', async () => {
    const { code, stdout } = await runAffinis(['verify', obama, 'none.jpg', '--json']);
    expect(code).toBe(2);
    expect(JSON.parse(stdout)).toEqual({
      error: { code: 'invalid-argument', message: expect.stringContaining('none.jpg'), field: 'b', reason: 'NO_FILE' },
    });
  });

  it('models and config', async () => {
    const list = await runAffinis(['models', 'list', '--json']);
    expect(JSON.parse(list.stdout)).toContainEqual(
      expect.objectContaining({
        name: 'face-dlib128',
        version: '2',
        task: 'embedding',
        modality: 'image',
        dimension: 128,
      }),
    );
    const show = await runAffinis(['models', 'show', 'face-dlib128', '--json']);
    expect(JSON.parse(show.stdout)).toMatchObject({ name: 'face-dlib128', space: expect.any(String) });
    expect((await runAffinis(['models', 'show', 'nothing'])).code).toBe(2);
    const schema = await runAffinis(['config', 'schema']);
    expect(JSON.parse(schema.stdout)).toMatchObject({ properties: { pipelines: expect.anything() } });
    const good = await runAffinis(['config', 'check', write('good.yaml', 'server: { port: 1234 }'), '--json']);
    expect([good.code, JSON.parse(good.stdout)]).toMatchObject([0, { server: { port: 1234 } }]);
    const bad = await runAffinis(['config', 'check', write('bad.yaml', 'server: { prot: 1234 }')]);
    expect([bad.code, bad.stdout]).toEqual([2, '']);
    expect(bad.stderr).toMatch(/bad\.yaml:1.*server\.prot/);
  });

  it('every shipped model is whole', async () => {
    const { code, stdout } = await runAffinis(['models', 'verify']);
    expect(code).toBe(0);
    expect(
      stdout
        .trimEnd()
        .split('\n')
        .every((line) => line.startsWith('ok ')),
    ).toBe(true);
  });
});

describe('help', () => {
  it('of every command has examples', async () => {
    const names = ['serve', 'verify', 'compare', 'embed', 'calibrate', 'evaluate', 'models', 'config'];
    const outcomes = await Promise.all(names.map((name) => runAffinis([name, '--help'])));
    expect(outcomes).toEqual(
      names.map((name) => ({
        code: 0,
        stdout: expect.stringMatching(new RegExp(`Examples:\\n {2}affinis ${name}`)),
        stderr: '',
      })),
    );
  });

  it('names the exit codes, and the version', async () => {
    const { code, stdout } = await runAffinis(['--help']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/Exit codes:\n {2}0 {2}success[\s\S]* 5 {2}/);
    expect((await runAffinis(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it('without a build, the command says how to make one', async () => {
    const bin = join(folder, 'elsewhere/bin');
    mkdirSync(bin, { recursive: true });
    copyFileSync(affinisBin, join(bin, 'affinis.mjs'));
    const { code, stderr } = await runCommand(process.execPath, [join(bin, 'affinis.mjs'), 'verify'], { cwd: folder });
    expect(code).toBe(5);
    expect(stderr).toContain('npm run build');
  });
});

it('several faces are no error by default, and the group photo is read', async () => {
  const group = write('group.jpg', groupPhoto().bytes);
  expect((await runAffinis(['embed', group])).stdout).toMatch(/128 dimensions/);
});

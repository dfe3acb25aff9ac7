import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CommandOutcome, runAffinis } from '../testing/run-affinis.ts';
import { repositoryRoot } from '../testing/server-process.ts';

const folder = mkdtempSync(join(tmpdir(), 'affinis-fit-'));
afterAll(() => rmSync(folder, { recursive: true }));

const affinis = (...args: string[]): Promise<CommandOutcome> =>
  runAffinis(args, { cwd: folder, env: { AFFINIS_CACHE: join(folder, 'cache') } });

describe('affinis fit', () => {
  const words = 'river stone bread winter engine garden letter music doctor window market horse'.split(' ');
  const rows = words.flatMap((word, index) => [
    `the ${word} was near the old ${words[(index + 3) % 12]},${word}`,
    `an old ${words[(index + 3) % 12]} lay by the ${word},${word}`,
    `the old ${words[(index + 3) % 12]} and the ${word},${word}`,
    `by the ${words[(index + 3) % 12]} there was one ${word},${word}`,
  ]);

  it('makes a new version with a variance and calibrated scores, which then answers', async () => {
    writeFileSync(join(folder, 'sentences.csv'), `text,subject\n${rows.join('\n')}\n`);
    const fitted = await affinis(
      'fit',
      '--pipeline',
      'text',
      '--labels',
      'sentences.csv',
      '--text',
      '--copies',
      '2',
      '--steps',
      '20',
      '--json',
    );
    expect(fitted.code).toBe(0);
    const summary = JSON.parse(fitted.stdout);
    expect(summary).toMatchObject({
      model: 'text-student',
      failures: {},
      calibrated: ['cosine', 'euclidean', 'mls', 'mls-llr'],
      report: { subjects: 12, samples: 48 },
    });
    writeFileSync(
      join(folder, 'fitted.yaml'),
      'pipelines: { text-mls-llr: { embedder: text, metric: mls-llr, policy: { cost: { miss: 1, falseMatch: 1, prior: 0.5 } } } }\n',
    );
    const verified = await affinis(
      'verify',
      '--text',
      'the river was near',
      'a river',
      '--pipeline',
      'text-mls-llr',
      '--config',
      'fitted.yaml',
      '--json',
    );
    expect(JSON.parse(verified.stdout)).toMatchObject({
      model: `text-student@${summary.version}`,
      metric: 'mls-llr',
      llr: expect.any(Number),
      policy: { kind: 'cost' },
    });
  });

  it('fits a pipeline whose metric reads the uncertainty that is still to be made', async () => {
    const home = join(folder, 'models/plain/1');
    cpSync(join(repositoryRoot, 'models/text-student/3'), home, { recursive: true });
    const manifest = readFileSync(join(home, 'model.yaml'), 'utf8');
    writeFileSync(
      join(home, 'model.yaml'),
      manifest
        .replace(/^uncertainty:\n(?: .*\n)*/m, '')
        .replace('name: text-student', 'name: plain')
        .replace('"3"', '"1"'),
    );
    writeFileSync(
      join(folder, 'plain.yaml'),
      'embedders: { plain: { model: plain } }\npipelines: { plain: { embedder: plain, metric: mls }, plain-cosine: { embedder: plain, metric: cosine } }\n',
    );
    const pipeline = ['--pipeline', 'plain', '--config', 'plain.yaml'];
    const before = await affinis('verify', '--text', 'a river', 'the river', ...pipeline);
    expect([before.code, before.stderr]).toEqual([5, expect.stringContaining('fit one with affinis fit')]);
    const labels = ['--labels', 'sentences.csv', '--text'];
    const quality = [
      '--pipeline',
      'plain-cosine',
      '--config',
      'plain.yaml',
      ...labels,
      '--quality',
      '--output',
      'none.json',
    ];
    const calibrated = await affinis('calibrate', ...quality);
    expect([calibrated.code, calibrated.stderr]).toEqual([
      5,
      expect.stringContaining('--quality needs an embedder with uncertainty'),
    ]);
    const fitted = await affinis(
      'fit',
      ...pipeline,
      '--labels',
      'sentences.csv',
      '--text',
      '--copies',
      '2',
      '--steps',
      '5',
    );
    expect(fitted.code).toBe(0);
    expect((await affinis('verify', '--text', 'a river', 'the river', ...pipeline)).stdout).toContain('plain@2');
  });

  it('says why it calibrated nothing where no subject has two samples', async () => {
    const single = rows.map((row, index) => `${row.split(',')[0]},${index}`);
    writeFileSync(join(folder, 'single.csv'), `text,subject\n${single.join('\n')}\n`);
    const { code, stdout } = await affinis(
      'fit',
      '--pipeline',
      'text',
      '--labels',
      'single.csv',
      '--text',
      '--copies',
      '2',
      '--steps',
      '5',
    );
    expect(code).toBe(0);
    expect(stdout).toMatch(/calibrated: nothing\nnot calibrated: .*one sample each/);
  });

  it('refuses options before it embeds', async () => {
    const { code, stderr } = await affinis(
      'fit',
      '--pipeline',
      'text',
      '--labels',
      'sentences.csv',
      '--text',
      '--impostors',
      '0',
    );
    expect([code, stderr]).toEqual([2, expect.stringContaining('--impostors 0: a whole number, 1 or more')]);
    expect(stderr).not.toContain('embedded');
  });

  it('refuses labels of files for sentences, naming the column', async () => {
    writeFileSync(join(folder, 'files.csv'), 'path,subject\na.wav,ann\nb.wav,bob\n');
    const { code, stderr } = await affinis('fit', '--pipeline', 'text', '--labels', 'files.csv', '--text');
    expect([code, stderr]).toEqual([2, expect.stringContaining('has no column "text"')]);
  });
});

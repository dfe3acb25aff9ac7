import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runAffinis } from '../testing/run-affinis.ts';

const folder = mkdtempSync(join(tmpdir(), 'affinis-fit-metric-'));
afterAll(() => rmSync(folder, { recursive: true }));

const affinis = (...args: string[]) => runAffinis(args, { cwd: folder, env: { AFFINIS_CACHE: join(folder, 'cache') } });

const words = 'river stone bread winter engine garden letter music doctor window market horse'.split(' ');
const rows = words.flatMap((word, index) => [
  `the ${word} was near the old ${words[(index + 3) % 12]},${word}`,
  `an old ${words[(index + 3) % 12]} lay by the ${word},${word}`,
  `there was one ${word},${word}`,
]);

describe('affinis fit-metric', () => {
  beforeAll(() => writeFileSync(join(folder, 'sentences.csv'), `text,subject\n${rows.join('\n')}\n`));

  it.each([
    ['plda', 'model.json'],
    ['plda-diagonal', 'diagonal.json'],
    ['mahalanobis', 'factor.npy'],
  ])(
    'learns %s, which then scores by its file',
    async (kind, file) => {
      const fitted = await affinis(
        'fit-metric',
        kind,
        '--pipeline',
        'text',
        '--labels',
        'sentences.csv',
        '--text',
        '-o',
        `learned/${file}`,
        '--json',
      );
      expect(JSON.parse(fitted.stdout)).toMatchObject({ metric: kind, subjects: 12, samples: 36, failures: {} });
      writeFileSync(
        join(folder, `${kind}.yaml`),
        `metrics: { mine: { type: ${kind}, parameters: { file: learned/${file} } } }
pipelines: { mine: { embedder: text, metric: mine, policy: { threshold: 0 } } }\n`,
      );
      const scoreOf = async (left: string, right: string): Promise<number> => {
        const args = ['verify', '--text', left, right, '--pipeline', 'mine', '--config', `${kind}.yaml`, '--json'];
        return JSON.parse((await affinis(...args)).stdout).score;
      };
      const [alike, unlike] = [
        await scoreOf('the river was near', 'one river'),
        await scoreOf('the river was near', 'old bread'),
      ];
      if (kind === 'mahalanobis') expect(alike).toBeLessThan(unlike);
      else expect(alike).toBeGreaterThan(unlike);

      // As if another model of this dimension had been asked.
      const learned = join(folder, 'learned', file);
      const bytes = readFileSync(learned, 'latin1');
      const [, space = ''] = /"?space"?: ?"([^"]+)"/.exec(bytes) ?? [];
      writeFileSync(learned, bytes.replace(space, 'x'.repeat(space.length)), 'latin1');
      const elsewhere = ['verify', '--text', 'a', 'b', '--pipeline', 'mine', '--config', `${kind}.yaml`];
      const { code, stderr } = await affinis(...elsewhere);
      expect(code).not.toBe(0);
      expect(stderr).toContain(`was learned in the space ${'x'.repeat(space.length)} and the embedder's is ${space}`);
    },
    60_000,
  );

  it.each([
    [['plda', '--shrinkage', '2'], '--shrinkage 2: a number from 0 to 1, or auto'],
    [['cosine'], 'Allowed choices are plda, plda-diagonal, mahalanobis'],
  ])(
    'refuses %s',
    async (args, message) => {
      const { code, stderr } = await affinis(
        'fit-metric',
        ...args,
        '--pipeline',
        'text',
        '--labels',
        'sentences.csv',
        '--text',
        '-o',
        'x',
      );
      expect(stderr).toContain(message);
      expect(code).toBe(2);
    },
    20_000,
  );

  it('names the file of a metric that is not there', async () => {
    writeFileSync(join(folder, 'gone.yaml'), `metrics: { mine: { type: plda, parameters: { file: gone.json } } }\n`);
    const { code, stderr } = await affinis('verify', '--text', 'a', 'b', '--pipeline', 'text', '--config', 'gone.yaml');
    expect(code).not.toBe(0);
    expect(stderr).toContain('gone.json cannot be read');
  }, 20_000);
});

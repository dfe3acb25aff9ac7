import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CommandOutcome, runAffinis } from '../testing/run-affinis.ts';
import { samplePath } from '../testing/samples.ts';

const folder = mkdtempSync(join(tmpdir(), 'affinis-labelled-'));
afterAll(() => rmSync(folder, { recursive: true }));

const speakers = ['andrea', 'klatt', 'steph', 'storm'];
const recording = (speaker: string, take: number) => samplePath(`voices/${speaker}-${take}.flac`);
const affinis = (...args: string[]): Promise<CommandOutcome> =>
  runAffinis(args, { cwd: folder, env: { AFFINIS_CACHE: join(folder, 'cache') } });

beforeAll(() => {
  const labels = speakers.flatMap((speaker) => [1, 2].map((take) => `${recording(speaker, take)},${speaker}`));
  writeFileSync(join(folder, 'labels.csv'), `path,subject\n${labels.join('\n')}\n`);
  const pairs = speakers.map((speaker, index) => [
    `${recording(speaker, 1)},${recording(speaker, 2)},1`,
    `${recording(speaker, 1)},${recording(speakers[(index + 1) % 4] ?? '', 2)},0`,
  ]);
  writeFileSync(
    join(folder, 'pairs.csv'),
    `left,right,same\n${pairs.flat().join('\n')}\n${join(folder, 'pairs.csv')},${recording('storm', 1)},0\n`,
  );
});

describe('affinis calibrate', () => {
  it('writes what verify then decides by, and says what it measured', async () => {
    const { code, stdout } = await affinis(
      'calibrate',
      '--pipeline',
      'voice',
      '--labels',
      'labels.csv',
      '--folds',
      '4',
      '--json',
    );
    expect(code).toBe(0);
    const summary = JSON.parse(stdout);
    expect(summary).toMatchObject({
      pipeline: 'voice',
      metric: 'mls-llr',
      genuine: 4,
      impostor: 24,
      failedSamples: 0,
      eer: 0,
      impostorSubjectPairs: 6,
    });
    expect(existsSync(join(folder, 'calibrations/voice.json'))).toBe(true);

    writeFileSync(
      join(folder, 'affinis.yaml'),
      'pipelines: { voice: { policy: { cost: { miss: 1, falseMatch: 1, prior: 0.5 } } }, voice-euclidean: { embedder: voice, metric: euclidean } }\n',
    );
    const verified = await affinis('verify', recording('storm', 1), recording('storm', 2), '--json');
    expect(verified.code).toBe(0);
    expect(JSON.parse(verified.stdout)).toMatchObject({
      decision: 'match',
      policy: { kind: 'cost', miss: 1, falseMatch: 1, prior: 0.5 },
      thresholdSource: 'calibration',
      llr: expect.any(Number),
      probability: expect.any(Number),
      prior: 0.5,
      calibration: expect.stringMatching(/^[0-9a-f]{16}$/),
    });
    const other = await affinis('verify', recording('storm', 1), recording('klatt', 1), '--json');
    expect([other.code, JSON.parse(other.stdout).decision]).toEqual([1, 'no_match']);
  });

  it('holds no policy that four subjects cannot support, and names the number it would need', async () => {
    writeFileSync(join(folder, 'strict.yaml'), 'pipelines: { voice: { policy: { fmr: 1e-3 } } }\n');
    const { code, stderr } = await affinis(
      'verify',
      recording('storm', 1),
      recording('storm', 2),
      '--config',
      'strict.yaml',
    );
    expect(code).toBe(5);
    expect(stderr).toContain('has 6 distinct impostor subject pairs and 3000 are needed for fmr 0.001');
  });

  it.each([
    [['--pipeline', 'voice'], 'give either --labels or --pairs'],
    [['--pipeline', 'palm', '--labels', 'labels.csv'], 'no pipeline "palm"'],
    [['--pipeline', 'voice', '--labels', 'absent.csv'], 'absent.csv: no such file'],
    [['--pipeline', 'voice', '--pairs', 'labels.csv'], 'has no column "left"'],
    [['--pipeline', 'voice', '--labels', 'labels.csv', '--folds', '2'], '--folds 2: a whole number, 3 or more'],
  ])('%j is refused and leaves nothing behind', async (args, message) => {
    const output = join(folder, 'none.json');
    const { code, stderr } = await affinis('calibrate', ...args, '--output', output);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
    expect(existsSync(output)).toBe(false);
  });
});

describe('affinis evaluate', () => {
  it('reports each pipeline and their difference, and writes every score', async () => {
    const report = join(folder, 'report.json');
    const scores = join(folder, 'scores.csv');
    const args = [
      '--pipeline',
      'voice-cosine',
      '--pipeline',
      'voice-euclidean',
      '--pairs',
      'pairs.csv',
      '--root',
      folder,
      '--draws',
      '50',
    ];
    const { code, stdout } = await affinis('evaluate', ...args, '--json', report, '--scores', scores);
    expect(code).toBe(0);
    expect(stdout).toContain('voice-cosine: EER 0.00 %');
    expect(stdout).toContain('voice-euclidean ranks every pair as voice-cosine does');
    const { pipelines, differences } = JSON.parse(readFileSync(report, 'utf8'));
    expect(pipelines[0]).toMatchObject({
      pairs: { genuine: 4, impostor: 4, leftOut: 1 },
      failedSamples: 1,
      failures: { UNSUPPORTED_FORMAT: 1 },
      tarAtFar: { '1e-3': { tar: null, reason: 'insufficient data: 4 impostor pairs, 3000 needed' } },
      errorVersusDiscard: expect.any(Array),
    });
    expect(differences).toHaveLength(1);
    const lines = readFileSync(scores, 'utf8').trim().split('\n');
    expect(lines[0]).toBe('pipeline,left,right,same,score,llr,fmr,decision,reason');
    expect(lines).toHaveLength(1 + 2 * 9);
    expect(lines.filter((line) => line.endsWith(',0,,,,,UNSUPPORTED_FORMAT'))).toHaveLength(2);
  });

  it('does not embed again what it embedded before', async () => {
    const again = () => affinis('evaluate', '--pipeline', 'voice', '--labels', 'labels.csv', '--draws', '10');
    expect((await again()).code).toBe(0);
    const cached = () =>
      readdirSync(join(folder, 'cache/embeddings')).map(
        (name) => statSync(join(folder, 'cache/embeddings', name)).size,
      );
    const before = cached();
    expect(before).not.toEqual([]);
    expect((await again()).code).toBe(0);
    expect(cached()).toEqual(before);
  });

  it('gives accuracy by fold where the pairs name folds', async () => {
    const pairs = speakers.flatMap((speaker, index) => [
      `${index % 2},${recording(speaker, 1)},${recording(speaker, 2)},1`,
      `${index % 2},${recording(speaker, 1)},${recording(speakers[(index + 1) % 4] ?? '', 2)},0`,
    ]);
    writeFileSync(join(folder, 'folds.csv'), `fold,left,right,same\n${pairs.join('\n')}\n`);
    const { stdout } = await affinis('evaluate', '--pipeline', 'voice', '--pairs', 'folds.csv', '--json', '-');
    const [report] = JSON.parse(stdout).pipelines;
    expect(report.foldAccuracy).toMatchObject({ accuracy: 1, deviation: 0, folds: [{ accuracy: 1 }, { accuracy: 1 }] });
  });

  it('says why where no pair could be scored', async () => {
    writeFileSync(join(folder, 'absent.csv'), 'left,right,score\nnone.wav,neither.wav,3\n');
    const { code, stderr } = await affinis(
      'evaluate',
      '--pipeline',
      'voice',
      '--pairs',
      'absent.csv',
      '--target',
      'score',
    );
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /none of the 1 pairs could be scored, 2 of 2 samples failed; the first: .*none\.wav: no such file/,
    );
  });
});

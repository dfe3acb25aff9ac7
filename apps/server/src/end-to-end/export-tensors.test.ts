import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CommandOutcome, runAffinis } from '../testing/run-affinis.ts';
import { samplePath } from '../testing/samples.ts';

const folder = mkdtempSync(join(tmpdir(), 'affinis-tensors-'));
afterAll(() => rmSync(folder, { recursive: true }));

const affinis = (...args: string[]): Promise<CommandOutcome> =>
  runAffinis(args, { cwd: folder, env: { AFFINIS_CACHE: join(folder, 'cache') } });
const exportTensors = (...args: string[]) => affinis('export-tensors', ...args);
const leftovers = () => readdirSync(folder).filter((name) => name.endsWith('.tmp'));

const sentences = ['the river froze', 'a frozen river', 'bread and butter', 'she baked bread'];
beforeAll(() => {
  const lines = sentences.map((sentence, index) => `${sentence},${index < 2 ? 'river' : 'bread'}`);
  writeFileSync(join(folder, 'sentences.csv'), `text,subject\n${lines.join('\n')}\n`);
  const recordings = ['storm-1', 'storm-2', 'klatt-1'].map(
    (name) => `${samplePath(`voices/${name}.flac`)},${name.split('-')[0]}`,
  );
  writeFileSync(join(folder, 'voices.csv'), `path,subject\n${recordings.join('\n')}\nabsent.flac,klatt\n`);
  const faces = ['obama-1', 'obama-2', 'biden-1'].map(
    (name) => `${samplePath(`faces/${name}.jpg`)},${name.split('-')[0]}`,
  );
  writeFileSync(join(folder, 'faces.csv'), `path,subject\n${faces.join('\n')}\n`);
});

describe('affinis export-tensors', () => {
  it('writes what the server embeds of each sample, and of its copies', async () => {
    const args = ['--pipeline', 'text', '--labels', 'sentences.csv', '--text', '--copies', '2', '--seed', '7'];
    const { code, stdout } = await exportTensors(...args, '--output', 'text', '--json');
    expect(code).toBe(0);
    const meta = JSON.parse(stdout);
    expect(meta).toEqual(JSON.parse(readFileSync(join(folder, 'text/meta.json'), 'utf8')));
    const labels = readFileSync(join(folder, 'sentences.csv'));
    expect(meta).toMatchObject({
      format: 'affinis.tensors/1',
      pipeline: 'text',
      model: expect.stringMatching(/^text-student@\d+$/),
      recipe: 'any',
      seed: 7,
      copies: 3,
      samples: 4,
      subjects: ['river', 'bread'],
      labels: { file: 'sentences.csv', sha256: createHash('sha256').update(labels).digest('hex') },
      inputs: null,
      failures: {},
    });
    expect(readFileSync(join(folder, 'text/labels.csv'))).toEqual(labels);
    expect(readNpy('text/subjects.npy')).toEqual({ dtype: '<i4', shape: [4], values: [0, 0, 1, 1] });
    expect(readNpy('text/failed.npy')).toEqual({ dtype: '|u1', shape: [3, 4], values: Array(12).fill(0) });
    expect(readNpy('text/features.npy')).toMatchObject({ dtype: '<f4', shape: [3, 4, meta.features] });
    const { shape, values } = readNpy('text/embeddings.npy');
    expect(shape).toEqual([3, 4, meta.dimension]);
    const embedded = await affinis('embed', '--text', ...sentences, '--json');
    const served = embedded.stdout.trim().split('\n');
    expect(served).toHaveLength(4);
    for (const [row, line] of served.entries()) {
      const { mean } = JSON.parse(line);
      for (const [d, value] of values.slice(row * meta.dimension, (row + 1) * meta.dimension).entries())
        expect(value).toBeCloseTo(mean[d], 5);
    }
    expect(values.slice(4 * meta.dimension, 5 * meta.dimension)).not.toEqual(values.slice(0, meta.dimension));
  });

  it('writes the same bytes again', async () => {
    for (const name of ['once', 'twice']) {
      const args = ['--labels', 'sentences.csv', '--text', '--recipe', 'unseen', '--output', name];
      expect((await exportTensors('--pipeline', 'text', ...args)).code).toBe(0);
    }
    for (const file of readdirSync(join(folder, 'once')))
      expect(readFileSync(join(folder, 'twice', file))).toEqual(readFileSync(join(folder, 'once', file)));
  });

  it('marks what could not be embedded, and writes no features where the model has none', async () => {
    const args = ['--labels', 'voices.csv', '--copies', '1', '--output', 'voice'];
    const { code, stdout } = await exportTensors('--pipeline', 'voice', ...args);
    expect(code).toBe(0);
    expect(stdout).toContain('2 copies of 4 samples of 2 subjects, 256 dimensions, no features');
    expect(stdout).toContain('note: 1 samples failed: NO_FILE');
    expect(readNpy('voice/failed.npy').values).toEqual([0, 0, 0, 1, 0, 0, 0, 1]);
    expect(readdirSync(join(folder, 'voice')).sort()).toEqual([
      'embeddings.npy',
      'failed.npy',
      'labels.csv',
      'meta.json',
      'subjects.npy',
    ]);
  });

  it('writes what the model is given, degraded where the copy is', async () => {
    const args = ['--labels', 'faces.csv', '--copies', '1', '--recipe', 'darkness:1', '--inputs', '--output', 'face'];
    const { code, stdout } = await exportTensors('--pipeline', 'face', ...args, '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout).inputs).toEqual({ tensor: 'input', dtype: 'float32', shape: [3, 150, 150] });
    const { dtype, shape, values } = readNpy('face/inputs.npy');
    expect([dtype, shape]).toEqual(['<f4', [2, 3, 3, 150, 150]]);
    const mean = (copy: number) => {
      const half = values.slice((copy * values.length) / 2, ((copy + 1) * values.length) / 2);
      return half.reduce((sum, value) => sum + value, 0) / half.length;
    };
    expect(mean(0)).toBeGreaterThan(50);
    expect(mean(1)).toBeLessThan(0.3 * mean(0));
  });

  it.each([
    [['--pipeline', 'palm', '--labels', 'voices.csv'], 'no pipeline "palm"'],
    [['--pipeline', 'voice', '--labels', 'absent.csv'], 'absent.csv: no such file'],
    [['--pipeline', 'voice', '--labels', 'voices.csv', '--copies', '-1'], '--copies -1: a whole number, 0 or more'],
    [['--pipeline', 'voice', '--labels', 'voices.csv', '--recipe', 'rain'], '--recipe rain: no degradation "rain"'],
    [['--pipeline', 'text', '--labels', 'sentences.csv', '--text', '--inputs'], '--inputs: the model'],
    [['--pipeline', 'voice', '--labels', 'voices.csv', '--output', '.'], 'is there already; name a folder that is not'],
  ])('%j is refused and leaves nothing behind', async (args, message) => {
    const { code, stderr } = await exportTensors('--output', 'none', ...args);
    expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
    expect(existsSync(join(folder, 'none'))).toBe(false);
    expect(leftovers()).toEqual([]);
  });
});

/** Read by NumPy's description of its format. */
function readNpy(name: string): { dtype: string; shape: number[]; values: number[] } {
  const bytes = readFileSync(join(folder, name));
  expect(bytes.subarray(0, 8).toString('latin1')).toBe('\x93NUMPY\x01\x00');
  const start = 10 + bytes.readUInt16LE(8);
  expect(start % 64).toBe(0);
  const header = bytes.subarray(10, start).toString('latin1');
  const [, dtype = '', inner = ''] =
    /^\{'descr': '(.+)', 'fortran_order': False, 'shape': \((.*?),?\), \} *\n$/.exec(header) ?? [];
  const data = new Uint8Array(bytes.subarray(start)).buffer;
  const values = { '<f4': Float32Array, '<i4': Int32Array, '|u1': Uint8Array }[dtype];
  if (!values) throw new Error(`a header that is none: ${header}`);
  return { dtype, shape: inner.split(', ').map(Number), values: [...new values(data)] };
}

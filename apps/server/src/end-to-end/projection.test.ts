import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runAffinis } from '../testing/run-affinis.ts';

const folder = mkdtempSync(join(tmpdir(), 'affinis-projection-'));
afterAll(() => rmSync(folder, { recursive: true }));

const affinis = (...args: string[]) => runAffinis(args, { cwd: folder, env: { AFFINIS_CACHE: join(folder, 'cache') } });

/** y = x[:, :64] of 192 columns: an ONNX model of one Slice, by onnx.helper. */
const firstColumns = Buffer.from(
  'CAgSADpwChYKAXgKAWEKAWIKAWMSAXkiBVNsaWNlEgVmaXJzdCoKCAEQBzoBAEIBYSoKCAEQBzoBQEIBYioKCAEQBzoBAUIBY1oVCgF4EhAKDggBEgoKAxIBbgoDCMABYhQKAXkSDwoNCAESCQoDEgFuCgIIQEIECgAQEQ==',
  'base64',
);
/** The same as a matrix, float32[64, 192]. */
const matrix = Buffer.from(Float32Array.from({ length: 64 * 192 }, (_, at) => (at % 193 === 0 ? 1 : 0)).buffer);
const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

interface EmbedLine {
  readonly mean: readonly number[];
  readonly variance: readonly number[] | null;
  readonly space: string;
}

describe('a projection between embedder and metric', () => {
  let space: string;
  beforeAll(async () => {
    ({ space } = JSON.parse((await affinis('models', 'show', 'text-student', '--json')).stdout));
    const model = join(folder, 'models/first-64/1');
    mkdirSync(model, { recursive: true });
    writeFileSync(join(model, 'model.onnx'), firstColumns);
    writeFileSync(join(model, 'matrix.f32'), matrix);
    writeFileSync(
      join(model, 'model.yaml'),
      `
name: first-64
version: "1"
task: projection
modality: text
artefact: { file: model.onnx, sha256: ${sha256(firstColumns)} }
licence: { name: none }
input: { space: ${space}, dimension: 192, linear: { file: matrix.f32, sha256: ${sha256(matrix)} } }
output: { dimension: 64, normalise: l2 }
`,
    );
    writeFileSync(
      join(folder, 'affinis.yaml'),
      `
embedders:
  short: { model: text-student, projection: first-64 }
  face-short: { model: face-dlib128, projection: first-64 }
pipelines:
  short: { embedder: short, metric: cosine, policy: { threshold: 0.5 } }
  short-mls: { embedder: short, metric: mls, policy: { threshold: 0 } }
  face-short: { embedder: face-short, metric: cosine, policy: { threshold: 0.5 } }
`,
    );
  }, 30_000);

  const embedded = async (embedder: string): Promise<EmbedLine> => {
    const { stdout } = await affinis('embed', '--text', 'a river runs', '--embedder', embedder, '--json');
    return JSON.parse(stdout);
  };

  it('gives what it makes of the embedding and of its variance, in a space of its own', async () => {
    const [whole, short] = [await embedded('text'), await embedded('short')];
    expect(whole.mean).toHaveLength(192);
    const norm = Math.hypot(...whole.mean.slice(0, 64));
    expect(short.mean).toEqual(whole.mean.slice(0, 64).map((value) => expect.closeTo(value / norm, 5)));
    const variances = whole.variance ?? [];
    expect(short.variance).toEqual(
      Array.from({ length: 64 }, (_, d) => expect.closeTo((variances[d] ?? variances[0] ?? 0) / norm ** 2, 5)),
    );
    expect(short.space).toMatch(/^first-64\/[0-9a-f]{16}$/);
  }, 30_000);

  it('scores what was projected, by a metric with variances too', async () => {
    for (const pipeline of ['short', 'short-mls']) {
      const args = ['--text', 'a river runs', 'the river', '--pipeline', pipeline, '--json'];
      expect(JSON.parse((await affinis('verify', ...args)).stdout)).toMatchObject({
        pipeline,
        score: expect.any(Number),
      });
    }
  }, 30_000);

  it('is refused where it was learned of another embedder', async () => {
    writeFileSync(join(folder, 'x.jpg'), 'no picture');
    const { code, stderr } = await affinis('embed', 'x.jpg', '--embedder', 'face-short');
    expect(code).not.toBe(0);
    expect(stderr).toContain(`projection first-64 takes embeddings of space ${space} with 192 dimensions`);
  }, 30_000);

  it('is verified like a model, with its matrix', async () => {
    expect((await affinis('models', 'verify', 'first-64')).stdout).toContain('ok      first-64@1');
    writeFileSync(join(folder, 'models/first-64/1/matrix.f32'), 'other');
    expect((await affinis('models', 'verify', 'first-64')).stdout).toContain('"matrix.f32" has sha256');
    writeFileSync(join(folder, 'models/first-64/1/matrix.f32'), matrix);
  }, 30_000);

  it('is not fitted itself: its embedder is', async () => {
    writeFileSync(join(folder, 'sentences.csv'), 'text,subject\na,1\nb,1\nc,2\nd,2\n');
    const { stderr } = await affinis('fit', '--pipeline', 'short', '--labels', 'sentences.csv', '--text');
    expect(stderr).toContain('has a projection; fit the embedder without it');
  }, 30_000);
});

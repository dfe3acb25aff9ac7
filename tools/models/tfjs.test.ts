import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type EngineKind, findNative } from '@affinis/backend-tfjs';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const photos = readdirSync(join(root, 'samples/faces')).map((name) => join(root, 'samples/faces', name));
const folder = mkdtempSync(join(tmpdir(), 'affinis-tfjs-model-'));
const engines: readonly { readonly engine: EngineKind; readonly runs: string }[] = [
  { engine: 'wasm', runs: 'runs WebAssembly' },
  { engine: 'native', runs: 'runs TensorFlow 2.' },
];

afterAll(() => rmSync(folder, { recursive: true, force: true }));

if (!built()) it.todo('face-dlib128 on TensorFlow.js needs Python 3 with venv and its package index');
else
  describe('face-dlib128 on TensorFlow.js', () => {
    let expected: readonly Line[];
    beforeAll(() => {
      expected = embed('embedders: { face: { model: face-dlib128 } }\n').lines;
    }, 90_000);

    for (const { engine, runs } of engines) {
      if (engine === 'native' && findNative() === undefined) {
        it.todo('native needs "npm run setup:tfjs-native"');
        continue;
      }
      it(`gives the vectors and variances of ONNX on ${engine}, by one line of configuration`, () => {
        const config = `models: [${folder}]\nworkers: { count: 2 }\nembedders: { face: { model: face-dlib128-tfjs } }\n`;
        const { lines, stderr } = embed(config, engine);
        for (const thread of [1, 2]) expect(stderr).toContain(`[backend-tfjs] thread ${thread} ${runs}`);
        expect(lines).toHaveLength(photos.length);
        for (const [at, { mean, variance, model }] of expected.entries()) {
          expect(lines[at]?.model).toBe(model.replace('@', '-tfjs@'));
          expect(mean).toHaveLength(128);
          expect(largestDifference(mean, lines[at]?.mean)).toBeLessThan(1e-4);
          expect(largestDifference(variance, lines[at]?.variance)).toBeLessThan(1e-4);
        }
      }, 90_000);
    }
  });

interface Line {
  readonly model: string;
  readonly mean: readonly number[];
  readonly variance: readonly number[];
}

/** Embeds the photos of `samples/faces` by the built command. */
function embed(config: string, engine?: EngineKind): { readonly lines: readonly Line[]; readonly stderr: string } {
  const file = join(folder, 'affinis.yaml');
  writeFileSync(file, config);
  const command = [join(root, 'apps/server/bin/affinis.mjs'), 'embed', '--config', file, '--json', ...photos];
  const env = { ...process.env, ...(engine ? { AFFINIS_TFJS_ENGINE: engine } : {}) };
  const { status, stdout, stderr } = spawnSync(process.execPath, command, { encoding: 'utf8', env });
  if (status !== 0) throw new Error(`affinis embed ended with ${status}: ${stderr}`);
  return {
    lines: stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Line),
    stderr,
  };
}

const largestDifference = (a: readonly number[], b: readonly number[] = []) =>
  Math.max(...a.map((value, at) => Math.abs(value - (b[at] ?? Number.NaN))));

/** Converts the model. In CI what cannot be built is a failure. */
function built(): boolean {
  try {
    execFileSync(join(root, 'tools/models/tfjs.sh'), [folder], { stdio: 'pipe', timeout: 300_000 });
    return true;
  } catch (thrown) {
    if (process.env.CI === 'true') throw thrown;
    const { message } = thrown as Error;
    process.stderr.write(`SKIPPED: tools/models/tfjs.sh cannot build the model: ${message}\n`);
    return false;
  }
}

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findNative } from '@affinis/backend-tfjs';
import type { Benchmark, Report } from './benchmark.ts';
import type { EngineName, RunAnswer, RunQuestion } from './processes/backend-runner-protocol.ts';
import { type Helper, startHelper } from './support/child-process.ts';
import { median, rounded } from './support/statistics.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const model = 'face-dlib128';
const batchSizes = [1, 16];
const rounds = 7;
const roundMs = 2000;
const warmUpMs = 1000;

export const backends: Benchmark = {
  name: 'backends',
  description:
    'the face embedder on ONNX, TensorFlow.js native and TensorFlow.js WebAssembly: ms an image by batch size',
  async run() {
    const folder = mkdtempSync(join(tmpdir(), 'affinis-backends-'));
    try {
      execFileSync(join(root, 'tools/models/tfjs.sh'), [folder, model], { stdio: ['ignore', 'ignore', 'inherit'] });
      return await compare(folder);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

/** By engine and batch size, one number a round. */
type Times = ReadonlyMap<string, number[]>;

async function compare(folder: string): Promise<Report> {
  const engines: EngineName[] = ['onnx', ...(findNative() === undefined ? [] : (['native'] as const)), 'wasm'];
  const runners = new Map<EngineName, Helper>();
  try {
    for (const engine of engines) runners.set(engine, await startRunner(engine, folder));
    const { times, rssMb } = await inTurn(runners);
    return report(engines, times, rssMb);
  } finally {
    for (const runner of runners.values()) await runner.stop();
  }
}

const startRunner = (engine: EngineName, folder: string) =>
  startHelper('backend-runner.js', {
    args: [engine, engine === 'onnx' ? model : `${model}-tfjs`, folder, join(root, 'models')],
  });

async function inTurn(runners: ReadonlyMap<EngineName, Helper>) {
  const times = new Map<string, number[]>();
  const rssMb: Record<string, number> = {};
  for (let round = -1; round < rounds; round++)
    for (const batchSize of batchSizes)
      for (const [engine, { ask }] of runners) {
        const question: RunQuestion = { batchSize, runMs: round < 0 ? warmUpMs : roundMs };
        const answer = (await ask(question)) as RunAnswer;
        rssMb[engine] = rounded(answer.rssMb);
        const key = keyOf(engine, batchSize);
        if (round >= 0) times.set(key, [...(times.get(key) ?? []), answer.msPerImage]);
      }
  return { times, rssMb };
}

function report(engines: readonly EngineName[], times: Times, rssMb: Readonly<Record<string, number>>): Report {
  const of = (engine: EngineName, batchSize: number) => times.get(keyOf(engine, batchSize)) ?? [];
  const ratio = (one: EngineName, other: EngineName, batchSize: number) =>
    rounded(median(of(one, batchSize).map((ms, round) => ms / (of(other, batchSize)[round] ?? Number.NaN))));
  const pairs = engines.flatMap((one, index) => engines.slice(0, index).map((other) => [one, other] as const));
  return {
    ratios: Object.fromEntries(
      pairs.flatMap(([one, other]) =>
        batchSizes.map((size) => [`${keyOf(one, size)}_over_${other}`, ratio(one, other, size)]),
      ),
    ),
    figures: {
      model,
      threads: 1,
      medianMsPerImage: Object.fromEntries([...times].map(([key, ms]) => [key, rounded(median(ms))])),
      rangeMsPerImage: Object.fromEntries(
        [...times].map(([key, ms]) => [key, [Math.min(...ms), Math.max(...ms)].map(rounded)]),
      ),
      rssMb,
      ...(engines.includes('native') ? {} : { native: 'not set up: npm run setup:tfjs-native' }),
    },
  };
}

const keyOf = (engine: EngineName, batchSize: number) => `${engine}_batch${batchSize}`;

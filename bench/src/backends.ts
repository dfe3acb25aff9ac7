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

/** Answers by engine and batch size, one a round. */
type Answers = ReadonlyMap<string, readonly RunAnswer[]>;

async function compare(folder: string): Promise<Report> {
  const engines: EngineName[] = ['onnx', ...(findNative() === undefined ? [] : (['native'] as const)), 'wasm'];
  const runners = new Map<EngineName, Helper>();
  try {
    for (const engine of engines) runners.set(engine, await startRunner(engine, folder));
    return report(engines, await inTurn(runners));
  } finally {
    for (const runner of runners.values()) await runner.stop();
  }
}

const startRunner = (engine: EngineName, folder: string) =>
  startHelper('backend-runner.js', {
    args: [engine, engine === 'onnx' ? model : `${model}-tfjs`, folder, join(root, 'models')],
  });

async function inTurn(runners: ReadonlyMap<EngineName, Helper>): Promise<Answers> {
  const answers = new Map<string, RunAnswer[]>();
  for (let round = -1; round < rounds; round++)
    for (const batchSize of batchSizes)
      for (const [engine, { ask }] of runners) {
        const question: RunQuestion = { batchSize, runMs: round < 0 ? warmUpMs : roundMs };
        const answer = (await ask(question)) as RunAnswer;
        const key = keyOf(engine, batchSize);
        if (round >= 0) answers.set(key, [...(answers.get(key) ?? []), answer]);
      }
  return answers;
}

function report(engines: readonly EngineName[], answers: Answers): Report {
  const of = (engine: EngineName, batchSize: number) => answers.get(keyOf(engine, batchSize)) ?? [];
  const ratio = (one: EngineName, other: EngineName, batchSize: number) => {
    const others = of(other, batchSize);
    return rounded(
      median(of(one, batchSize).map(({ msPerImage }, at) => msPerImage / (others[at]?.msPerImage ?? Number.NaN))),
    );
  };
  const each = <T>(figure: (rounds: readonly RunAnswer[]) => T) =>
    Object.fromEntries([...answers].map(([key, rounds]) => [key, figure(rounds)]));
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
      medianMsPerImage: each((rounds) => rounded(median(rounds.map(({ msPerImage }) => msPerImage)))),
      bestMsPerImage: each((rounds) => rounded(Math.min(...rounds.map(({ msPerImage }) => msPerImage)))),
      cpuMsPerImage: each((rounds) => rounded(median(rounds.map(({ cpuMsPerImage }) => cpuMsPerImage)))),
      rssMb: each((rounds) => rounded(Math.max(...rounds.map(({ rssMb }) => rssMb)))),
      ...(engines.includes('native') ? {} : { native: 'not set up: npm run setup:tfjs-native' }),
    },
  };
}

const keyOf = (engine: EngineName, batchSize: number) => `${engine}_batch${batchSize}`;

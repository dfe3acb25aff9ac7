import { v1 } from '@affinis/contracts';
import { Client, credentials, Metadata } from '@grpc/grpc-js';
import type { Benchmark } from './benchmark.ts';
import { startHelper } from './support/child-process.ts';
import { cpuMs } from './support/process-usage.ts';
import { repeat } from './support/repeat.ts';
import { withServer } from './support/server.ts';
import { median, rounded, roundedAll } from './support/statistics.ts';

const dimension = 512;
const warmUpCalls = 5000;
const callsPerRound = 12_000;
const rounds = 7;
const callsInFlight = 16;

/** What is measured, in the order of every round. `reply`: a bare server that answers with as few bytes as Score does. */
const kinds = ['score', 'echo', 'reply'] as const;
type Kind = (typeof kinds)[number];

interface Peer {
  readonly pid: number;
  call(): Promise<Buffer>;
}

export const score: Benchmark = {
  name: 'score',
  description: 'server CPU of a Score call of 4 KB beside a bare grpc-js echo of the same bytes',
  run: () =>
    withServer({}, async (server) => {
      const request = scoreRequest();
      const scoring = connect(server.address, v1.MetricService.score.path, request, server.pid);
      const answerBytes = checkAnswer(await scoring.call());
      const helper = await startHelper('echo-server.js', { args: [String(answerBytes)] });
      try {
        const { port } = helper.greeting as { readonly port: number };
        const bare = (method: string) => connect(`127.0.0.1:${port}`, `/bench.Echo/${method}`, request, helper.pid);
        const peers = { score: scoring, echo: bare('Echo'), reply: bare('Reply') };
        return report(await measure(peers), { requestBytes: request.length, answerBytes });
      } finally {
        await helper.stop();
      }
    }),
};

async function measure(peers: Readonly<Record<Kind, Peer>>): Promise<Record<Kind, number[]>> {
  const microseconds: Record<Kind, number[]> = { score: [], echo: [], reply: [] };
  for (const kind of kinds) await callsOf(peers[kind], warmUpCalls);
  for (let round = 0; round < rounds; round++)
    for (const kind of kinds) microseconds[kind].push(await callsOf(peers[kind], callsPerRound));
  return microseconds;
}

/** CPU microseconds of the server a call. */
async function callsOf({ pid, call }: Peer, calls: number): Promise<number> {
  const before = cpuMs(pid);
  await repeat(calls, callsInFlight, async () => {
    await call();
  });
  return ((cpuMs(pid) - before) * 1000) / calls;
}

function report(microseconds: Readonly<Record<Kind, readonly number[]>>, sizes: object) {
  const byRound = (work: (score: number, peer: number) => number, peer: Kind) =>
    microseconds.score.map((value, round) => work(value, microseconds[peer][round] ?? Number.NaN));
  const minus = (a: number, b: number) => a - b;
  const over = (a: number, b: number) => a / b;
  return {
    ratios: {
      score_minus_echo_us: rounded(median(byRound(minus, 'echo'))),
      score_over_echo: rounded(median(byRound(over, 'echo'))),
      score_minus_reply_us: rounded(median(byRound(minus, 'reply'))),
    },
    figures: {
      ...sizes,
      callsPerRound,
      callsInFlight,
      serverCpuUs: Object.fromEntries(kinds.map((kind) => [kind, rounded(median(microseconds[kind]))])),
      minusEchoByRoundUs: roundedAll(byRound(minus, 'echo')),
      minusReplyByRoundUs: roundedAll(byRound(minus, 'reply')),
    },
  };
}

/** One pair of two embeddings of 512 dimensions, 2 KB each, encoded once. */
function scoreRequest(): Buffer {
  const side = (seed: number): v1.Embedding => {
    const values = Float32Array.from({ length: dimension }, (_, d) => Math.sin(d * seed));
    const norm = Math.hypot(...values);
    const mean = new Uint8Array(values.map((value) => value / norm).buffer);
    const space = 'bench/0123456789abcdef';
    return { mean, variance: new Uint8Array(), unitNorm: true, space, varianceId: '', dimension };
  };
  const pairs = [{ id: '', left: side(1), right: side(2) }];
  return v1.MetricService.score.requestSerialize({ metric: 'cosine', pairs });
}

function checkAnswer(answer: Buffer): number {
  const [result] = v1.MetricService.score.responseDeserialize(answer).results;
  if (result?.score === undefined) throw new Error(`the pair has no score: ${JSON.stringify(result?.status)}`);
  return answer.length;
}

/** Sends bytes that are encoded already, so that the client costs little. */
function connect(address: string, path: string, request: Buffer, pid: number): Peer {
  const client = new Client(address, credentials.createInsecure(), { 'grpc.enable_http_proxy': 0 });
  const metadata = new Metadata();
  const same = (bytes: Buffer) => bytes;
  return {
    pid,
    call: () =>
      new Promise((resolve, reject) => {
        client.makeUnaryRequest(path, same, same, request, metadata, (error, answer) => {
          if (error || !answer) reject(error ?? new Error('no answer'));
          else resolve(answer);
        });
      }),
  };
}

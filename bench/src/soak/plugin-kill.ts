import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AffinisClient, createAffinisClient } from '@affinis/client';
import { type AffinisProcess, startAffinis } from '../support/affinis-process.ts';
import { lettersConfig, textOf } from '../support/letters.ts';
import type { Soak } from './soak.ts';

/** Its own, since sockets' folders carry it. */
const pluginName = `kill-${process.pid}`;
const callsInFlight = 8;
const longestLoadMs = 200;
/** What a call may take: an attempt that hangs, and a start. */
const deadlineMs = 10_000;
const attemptTimeoutMs = 500;
const back = { withinMs: 8000, pollMs: 5 };
/** Descriptors that come and go with connections and timers. */
const spareDescriptors = 12;

export type PluginKill = Required<Soak>;

interface Running {
  readonly folder: string;
  readonly server: AffinisProcess;
  readonly client: AffinisClient;
  readonly pid: number;
  /** Open descriptors of the server when it was new. */
  readonly descriptors: number;
}

/** One server goes through all rounds, so that what each leaves behind adds up. */
export function createPluginKill(): PluginKill {
  let running: Running | undefined;
  return {
    name: 'plugin-kill',
    description:
      'kill -9 and SIGSTOP of a plugin process under load: no call fails, no process, socket or descriptor is left',
    defaultRounds: 1000,
    async round(random) {
      running ??= await start();
      return killOnce(running, random);
    },
    async finish() {
      if (!running) return {};
      running.client.close();
      await running.server.kill();
      rmSync(running.folder, { recursive: true, force: true });
      running = undefined;
      return {};
    },
  };
}

async function start(): Promise<Running> {
  const folder = mkdtempSync(join(tmpdir(), 'affinis-plugin-kill-'));
  const plugin = {
    name: pluginName,
    attemptTimeoutMs,
    supervision: { maxFailures: 'unlimited', backoffMs: 50, maxBackoffMs: 50 },
  };
  writeFileSync(join(folder, 'affinis.yaml'), lettersConfig('process', plugin));
  const server = startAffinis(folder, ['serve', '--port', '0']);
  const address = await server.ready;
  if (address === undefined) throw new Error(`the server did not start: ${(await server.ended).complaint}`);
  // Without retries of the client's own: the server alone must hide what happens.
  const client = createAffinisClient({ address, deadlineMs, retry: false });
  await ask(client, 0);
  const { pid } = server;
  return { folder, server, client, pid, descriptors: descriptorsOf(pid) };
}

async function killOnce({ client, pid, descriptors }: Running, random: () => number) {
  const victim = pluginOf(pid);
  const signal = random() < 0.5 ? 'SIGKILL' : 'SIGSTOP';
  let stopped = false;
  let calls = 0;
  let slowestMs = 0;
  const load = Array.from({ length: callsInFlight }, async (_, lane) => {
    while (!stopped) {
      const started = performance.now();
      await ask(client, calls++ * callsInFlight + lane);
      slowestMs = Math.max(slowestMs, performance.now() - started);
    }
  });
  try {
    await pause(random() * longestLoadMs);
    const killedAt = performance.now();
    process.kill(victim, signal);
    await Promise.race([replaced(pid, victim), ...load]);
    await ask(client, calls++);
    const backMs = performance.now() - killedAt;
    stopped = true;
    await Promise.all(load);
    checkLeft(pid, victim, descriptors);
    return { calls, failedCalls: 0, [`${signal}s`]: 1, [`backMs${signal}`]: backMs, slowestCallMs: slowestMs };
  } finally {
    stopped = true;
    await Promise.allSettled(load);
  }
}

async function ask(client: AffinisClient, seed: number): Promise<void> {
  const [left, right] = [textOf(64, seed), textOf(64, seed + 1)];
  const [result] = await client.verify([
    { left: [{ kind: 'text', text: left }], right: [{ kind: 'text', text: right }] },
  ]);
  if (!result?.ok) throw result?.error ?? new Error('no result');
}

/** The server's only child. */
function pluginOf(pid: number): number {
  const [child] = childrenOf(pid);
  if (child === undefined) throw new Error('the plugin has no process');
  return child;
}

const childrenOf = (pid: number): number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);

const descriptorsOf = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length;

async function replaced(pid: number, victim: number): Promise<void> {
  const end = performance.now() + back.withinMs;
  for (;;) {
    const [child] = childrenOf(pid);
    if (child !== undefined && child !== victim) return;
    if (performance.now() > end) throw new Error(`the plugin was not started again within ${back.withinMs} ms`);
    await pause(back.pollMs);
  }
}

/** No former process, no socket but the present one's, and no more descriptors than at the beginning. */
function checkLeft(pid: number, victim: number, descriptors: number): void {
  if (existsSync(`/proc/${victim}`)) throw new Error(`process ${victim} is still there`);
  const children = childrenOf(pid);
  if (children.length !== 1) throw new Error(`the server has ${children.length} children instead of 1`);
  const sockets = readdirSync(tmpdir()).filter((name) => name.startsWith(`affinis-${pluginName}-`));
  const own = sockets.filter((name) => existsSync(join(tmpdir(), name, 'p.sock')));
  if (own.length > 1) throw new Error(`${own.length} sockets instead of 1: ${own.join(', ')}`);
  const now = descriptorsOf(pid);
  if (now > descriptors + spareDescriptors) throw new Error(`${now} descriptors, ${descriptors} at the beginning`);
}

const pause = (ms: number) => new Promise((done) => setTimeout(done, ms));

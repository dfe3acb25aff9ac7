import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { createAffinisClient } from '@affinis/client';
import type { Sample } from '@affinis/core';
import { endProcess, endWithThisProcess } from '../support/child-process.ts';
import { sampleFaces, sampleVoices } from '../support/media.ts';
import type { Soak } from './soak.ts';

const affinis = fileURLToPath(new URL('../../../apps/server/bin/affinis.mjs', import.meta.url));
const inFlight = 8;
const maxExitMs = 25_000;

/** SIGTERM at a random moment while photos and recordings are embedded: onnxruntime has aborted processes here before. */
export const stopUnderLoad: Soak = {
  name: 'stop-under-load',
  description: 'SIGTERM while workers infer: the server ends with 0, every call is answered or refused as UNAVAILABLE',
  defaultRounds: 100,
  async round(random) {
    const child = spawn(process.execPath, [affinis, 'serve', '--port', '0'], { stdio: ['ignore', 'pipe', 'pipe'] });
    endWithThisProcess(child);
    let complaint = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      complaint += text;
    });
    const exited = once(child, 'exit');
    try {
      const client = createAffinisClient({
        address: await readyAddress(child.stdout),
        deadlineMs: 30_000,
        retry: false,
      });
      const samples: readonly Sample[] = [...sampleFaces, ...sampleVoices];
      const outcome = { answered: 0, refused: 0 };
      let stopped = false;
      const work = async (sample: Sample) => {
        while (!stopped) {
          try {
            const [result] = await client.embed([sample]);
            if (result?.ok) outcome.answered++;
            else if (result?.error.code === 'unavailable') outcome.refused++;
            else throw result?.error ?? new Error('no result');
          } catch (thrown) {
            if ((thrown as { code?: string }).code !== 'unavailable') throw thrown;
            outcome.refused++;
            return;
          }
        }
      };
      const workers = Array.from({ length: inFlight }, (_, index) => work(samples[index % samples.length] as Sample));
      await new Promise((done) => setTimeout(done, random() * 600));
      child.kill('SIGTERM');
      const killer = setTimeout(() => child.kill('SIGKILL'), maxExitMs);
      const [code, signal] = await exited;
      clearTimeout(killer);
      stopped = true;
      await Promise.all(workers);
      client.close();
      if (code !== 0) throw new Error(`the server ended with ${code ?? signal}: ${complaint}`);
      return outcome;
    } finally {
      await endProcess(child);
    }
  },
};

async function readyAddress(log: NodeJS.ReadableStream): Promise<string> {
  for await (const line of createInterface({ input: log })) {
    const { msg, address } = JSON.parse(line) as { msg?: string; address?: string };
    if (msg === 'ready' && address !== undefined) {
      log.resume();
      return address;
    }
  }
  throw new Error('the server ended before it was ready');
}

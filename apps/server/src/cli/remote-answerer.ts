import { readFileSync } from 'node:fs';
import { createAffinisClient } from '@affinis/client';
import { AffinisError, type Result } from '@affinis/core';
import type { Answerer } from './answerer.ts';
import type { TargetOptions } from './target-options.ts';

/** Asks a running server. */
export function createRemoteAnswerer(address: string, { token, tlsCa, deadlineMs }: TargetOptions): Answerer {
  const bearer = token ?? process.env.AFFINIS_TOKEN;
  const client = createAffinisClient({
    address: addressOf(address),
    deadlineMs: millisecondsOf(deadlineMs),
    ...(tlsCa === undefined ? {} : { tls: { rootCertificates: readPem(tlsCa) } }),
    ...(bearer === undefined ? {} : { token: bearer }),
  });
  return {
    embed: (embedder, samples) => client.embed(samples, { embedder }),
    verify: async (pipeline, comparison) => only(await client.verify([comparison], { pipeline })),
    compare: async (pipelines, comparison) => only(await client.compare([comparison], { pipelines })),
    close: async () => client.close(),
  };
}

function only<T>([result]: readonly Result<T>[]): T {
  if (result?.ok) return result.value;
  throw result?.error ?? new AffinisError('internal', 'the server answered nothing');
}

function addressOf(text: string): string {
  if (text.startsWith('unix:') || /:\d{1,5}$/.test(text)) return text;
  throw new AffinisError('invalid-argument', `--server ${text}: write HOST:PORT, such as 127.0.0.1:50051`, {
    field: 'server',
  });
}

function millisecondsOf(text = '60000'): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new AffinisError('invalid-argument', `--deadline-ms ${text}: a whole number of milliseconds above 0`, {
    field: 'deadlineMs',
  });
}

function readPem(file: string): Uint8Array {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new AffinisError('invalid-argument', `--tls-ca ${file}: cannot be read`, { field: 'tlsCa', cause });
  }
}

import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type AffinisClient, type AffinisClientOptions, createAffinisClient } from '@affinis/client';
import { AffinisError, type Result } from '@affinis/core';
import type { Answerer } from './answerer.ts';
import type { TargetOptions } from './target-options.ts';

/** A client by the options of the command line. */
export function openRemote(address: string, { token, tlsCa, deadlineMs }: TargetOptions): AffinisClient {
  const bearer = token ?? process.env.AFFINIS_TOKEN;
  return openClient({
    address: addressOf(address),
    deadlineMs: millisecondsOf(deadlineMs),
    ...(tlsCa === undefined ? {} : { tls: { rootCertificates: readPem(tlsCa) } }),
    ...(bearer === undefined ? {} : { token: bearer }),
  });
}

/** Asks a running server. */
export function createRemoteAnswerer(address: string, options: TargetOptions): Answerer {
  const client = openRemote(address, options);
  return {
    embed: (embedder, samples) => client.embed(samples, { embedder }),
    verify: async (pipeline, comparison) => only(await client.verify([comparison], { pipeline })),
    compare: async (pipelines, comparison) => only(await client.compare([comparison], { pipelines })),
    close: async () => client.close(),
  };
}

/** The client's refusals, in the words of the command line. */
function openClient(options: AffinisClientOptions): AffinisClient {
  try {
    return createAffinisClient(options);
  } catch (thrown) {
    if (!(thrown instanceof AffinisError) || thrown.reason !== 'TOKEN_WITHOUT_TLS') throw thrown;
    throw new AffinisError(
      'invalid-argument',
      `--server ${options.address}: the token would travel in the clear; turn TLS on with --tls-ca`,
      { field: 'tlsCa', reason: thrown.reason, cause: thrown },
    );
  }
}

function only<T>([result]: readonly Result<T>[]): T {
  if (result?.ok) return result.value;
  throw result?.error ?? new AffinisError('internal', 'the server answered nothing');
}

export function addressOf(text: string): string {
  if (text.startsWith('unix:') || /:\d{1,5}$/.test(text)) return text;
  throw new AffinisError('invalid-argument', `--server ${text}: write HOST:PORT, such as 127.0.0.1:50051`, {
    field: 'server',
  });
}

export function millisecondsOf(text = '60000'): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new AffinisError('invalid-argument', `--deadline-ms ${text}: a whole number of milliseconds above 0`, {
    field: 'deadlineMs',
  });
}

export function readPem(file: string): Uint8Array {
  const refuse = (problem: string, cause: unknown) =>
    new AffinisError('invalid-argument', `--tls-ca ${file}: ${problem}`, { field: 'tlsCa', cause });
  let pem: Uint8Array;
  try {
    pem = readFileSync(file);
  } catch (cause) {
    throw refuse('cannot be read', cause);
  }
  try {
    new X509Certificate(pem);
  } catch (cause) {
    throw refuse("no certificate; name the PEM file of the server's certificate authority", cause);
  }
  return pem;
}

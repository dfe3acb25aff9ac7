import type { Command } from 'commander';
import type { Answerer } from './answerer.ts';
import { createLocalAnswerer } from './local-answerer.ts';
import { createRemoteAnswerer } from './remote-answerer.ts';

/** Options that say who answers. */
export interface TargetOptions {
  readonly config?: string;
  readonly server?: string;
  readonly token?: string;
  readonly tlsCa?: string;
  readonly deadlineMs?: string;
}

export const addTargetOptions = (command: Command): Command =>
  command
    .option('-c, --config <file>', 'configuration for answering in this process (default: affinis.yaml here, or none)')
    .option('-s, --server <host:port>', 'ask a running server instead of answering in this process')
    .option('--token <token>', 'bearer token for the server (default: AFFINIS_TOKEN)')
    .option('--tls-ca <file>', "PEM file of the server's certificate authority; turns TLS on")
    .option('--deadline-ms <ms>', 'time allowed for one call to the server', '60000');

export function openAnswerer(options: TargetOptions): Answerer {
  return options.server === undefined
    ? createLocalAnswerer(options.config)
    : createRemoteAnswerer(options.server, options);
}

/** Runs `work` with an answerer and closes it whatever happens. */
export async function withAnswerer<T>(options: TargetOptions, work: (answerer: Answerer) => Promise<T>): Promise<T> {
  const answerer = openAnswerer(options);
  try {
    return await work(answerer);
  } finally {
    await answerer.close();
  }
}

import { readFileSync } from 'node:fs';
import { type AdminClient, createAdminClient, type TlsOptions } from '@affinis/client';
import { AffinisError } from '@affinis/core';
import type { Command } from 'commander';
import { addressOf, millisecondsOf, readPem } from './remote-answerer.ts';

/** Options that say which server's admin port is asked. */
export interface AdminOptions {
  readonly server: string;
  readonly token?: string;
  readonly tlsCa?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly deadlineMs?: string;
  readonly json?: boolean;
}

export const addAdminOptions = (command: Command): Command =>
  command
    .option('-s, --server <host:port>', 'admin port of the server', '127.0.0.1:50052')
    .option('--token <token>', 'bearer token of the admin port (default: AFFINIS_ADMIN_TOKEN)')
    .option('--tls-ca <file>', "PEM file of the server's certificate authority; turns TLS on")
    .option('--tls-cert <file>', 'PEM file of a client certificate, where the port asks for one')
    .option('--tls-key <file>', 'PEM file of its private key')
    .option('--deadline-ms <ms>', 'time allowed for one call', '120000')
    .option('--json', 'print JSON');

/** Runs `work` with a client of the admin port and closes it whatever happens. */
export async function withAdmin<T>(options: AdminOptions, work: (admin: AdminClient) => Promise<T>): Promise<T> {
  const { server, token = process.env.AFFINIS_ADMIN_TOKEN, deadlineMs } = options;
  const tls = tlsOf(options);
  const address = addressOf(server);
  if (token !== undefined && !tls && !/^(unix:|localhost|127\.|\[::1\])/.test(address))
    throw new AffinisError(
      'invalid-argument',
      `--server ${server}: the token would travel in the clear; turn TLS on with --tls-ca`,
      { field: 'tlsCa', reason: 'TOKEN_WITHOUT_TLS' },
    );
  const admin = createAdminClient({
    address,
    deadlineMs: millisecondsOf(deadlineMs),
    ...(tls ? { tls } : {}),
    ...(token === undefined ? {} : { token }),
  });
  try {
    return await work(admin);
  } finally {
    admin.close();
  }
}

function tlsOf({ tlsCa, tlsCert, tlsKey }: AdminOptions): TlsOptions | undefined {
  if ((tlsCert === undefined) !== (tlsKey === undefined) || (tlsCert !== undefined && tlsCa === undefined))
    throw new AffinisError('invalid-argument', 'a client certificate takes --tls-ca, --tls-cert and --tls-key', {
      field: 'tlsCert',
    });
  if (tlsCa === undefined) return undefined;
  const own = tlsCert !== undefined && tlsKey !== undefined;
  return {
    rootCertificates: readPem(tlsCa),
    ...(own ? { certificateChain: read('--tls-cert', tlsCert), privateKey: read('--tls-key', tlsKey) } : {}),
  };
}

function read(option: string, file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new AffinisError('invalid-argument', `${option} ${file}: cannot be read`, { field: option, cause });
  }
}

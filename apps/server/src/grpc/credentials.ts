import { createHash, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { BlockList, isIP } from 'node:net';
import { resolve } from 'node:path';
import { createSecureContext } from 'node:tls';
import { AffinisError, type ServerConfig } from '@affinis/core';
import { ServerCredentials } from '@grpc/grpc-js';

export type AccessSettings = Pick<ServerConfig, 'host' | 'tls' | 'tokensFile'>;

export interface Credentials {
  readonly credentials: ServerCredentials;
  /** Of the files that they were made of; empty without TLS. */
  readonly digest: string;
}

/**
 * TLS where configured, by the settings of one section. Refuses an address beyond loopback without TLS and a token or
 * client certificates.
 */
export function readCredentials(
  section: 'server' | 'admin',
  { host, tls, tokensFile }: AccessSettings,
  folder: string,
): Credentials {
  if (!isLoopback(host) && !(tls && (tokensFile || tls.clientCa)))
    throw new AffinisError(
      'invalid-argument',
      `${section}.host: ${host} is reachable from other machines; configure ${section}.tls and either ${section}.tokensFile or ${section}.tls.clientCa, or bind 127.0.0.1`,
      {
        field: `${section}.host`,
      },
    );
  if (!tls) return { credentials: ServerCredentials.createInsecure(), digest: '' };
  const read = (field: string, file: string): Buffer => {
    try {
      return readFileSync(resolve(folder, file));
    } catch (cause) {
      throw new AffinisError('invalid-argument', `${section}.tls.${field}: ${file} cannot be read`, {
        field: `${section}.tls.${field}`,
        cause,
      });
    }
  };
  const clientCa = tls.clientCa === undefined ? null : read('clientCa', tls.clientCa);
  const pair = { cert_chain: read('cert', tls.cert), private_key: read('key', tls.key) };
  try {
    // grpc-js reads them only when it listens, and throws what OpenSSL says.
    createSecureContext({ cert: pair.cert_chain, key: pair.private_key });
    if (clientCa) new X509Certificate(clientCa);
    const digest = createHash('sha256');
    for (const bytes of [pair.cert_chain, pair.private_key, clientCa]) digest.update(bytes ?? '').update('\0');
    return {
      credentials: ServerCredentials.createSsl(clientCa, [pair], clientCa !== null),
      digest: digest.digest('hex'),
    };
  } catch (cause) {
    throw new AffinisError(
      'invalid-argument',
      `${section}.tls: the files are no PEM files of certificates and a key, or the certificate and key do not fit`,
      {
        field: `${section}.tls`,
        cause,
      },
    );
  }
}

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

function isLoopback(host: string): boolean {
  const family = isIP(host);
  return host === 'localhost' || (family !== 0 && loopback.check(host, family === 6 ? 'ipv6' : 'ipv4'));
}

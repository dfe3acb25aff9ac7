import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { BlockList, isIP } from 'node:net';
import { resolve } from 'node:path';
import { createSecureContext } from 'node:tls';
import { AffinisError, type ServerConfig } from '@affinis/core';
import { ServerCredentials } from '@grpc/grpc-js';

/** TLS where configured. Refuses an address beyond loopback without TLS and a token or client certificates. */
export function serverCredentials({ host, tls, tokensFile }: ServerConfig, folder: string): ServerCredentials {
  if (!isLoopback(host) && !(tls && (tokensFile || tls.clientCa)))
    throw new AffinisError(
      'invalid-argument',
      `server.host: ${host} is reachable from other machines; configure server.tls and either server.tokensFile or server.tls.clientCa, or bind 127.0.0.1`,
      {
        field: 'server.host',
      },
    );
  if (!tls) return ServerCredentials.createInsecure();
  const read = (field: string, file: string): Buffer => {
    try {
      return readFileSync(resolve(folder, file));
    } catch (cause) {
      throw new AffinisError('invalid-argument', `server.tls.${field}: ${file} cannot be read`, {
        field: `server.tls.${field}`,
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
    return ServerCredentials.createSsl(clientCa, [pair], clientCa !== null);
  } catch (cause) {
    throw new AffinisError(
      'invalid-argument',
      'server.tls: the files are no PEM files of certificates and a key, or the certificate and key do not fit',
      {
        field: 'server.tls',
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

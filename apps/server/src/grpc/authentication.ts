import { createHash, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { AffinisError } from '@affinis/core';
import { Metadata, ServerInterceptingCall, type ServerInterceptor, status } from '@grpc/grpc-js';
import type { Logger } from 'pino';

/** Health stays open: a balancer has no token. */
const openServices = ['/grpc.health.v1.Health/'];

/** Reads bearer tokens, one a line; blank lines and lines that begin with `#` do not count. */
export function readTokens(file: string): string[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new AffinisError('invalid-argument', `server.tokensFile: ${file} cannot be read`, {
      field: 'server.tokensFile',
      cause,
    });
  }
  const tokens = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
  if (tokens.length > 0) return tokens;
  throw new AffinisError('invalid-argument', `server.tokensFile: ${file} holds no token; write one a line`, {
    field: 'server.tokensFile',
  });
}

/** Refuses a call without a known bearer token as soon as its metadata is there, before any message is read. */
export function authenticate(tokens: readonly string[], log: Logger): ServerInterceptor {
  const digests = tokens.map(digestOf);
  return (method, call) =>
    new ServerInterceptingCall(call, {
      start: (next) => {
        next({
          onReceiveMetadata: (metadata, proceed) => {
            if (openServices.some((service) => method.path.startsWith(service))) return proceed(metadata);
            const problem = problemOf(metadata, digests);
            if (problem === undefined) return proceed(metadata);
            log.warn({ method: method.path, problem }, 'call without valid credentials');
            call.sendStatus({ code: status.UNAUTHENTICATED, details: `[server] ${problem}`, metadata: new Metadata() });
          },
        });
      },
    });
}

function problemOf(metadata: Metadata, digests: readonly Buffer[]): string | undefined {
  const [header] = metadata.get('authorization');
  if (header === undefined) return 'send the metadata "authorization: Bearer TOKEN"';
  const [scheme, token] = String(header).split(' ');
  if (scheme?.toLowerCase() !== 'bearer' || !token) return 'authorization must be "Bearer TOKEN"';
  const digest = digestOf(token);
  return digests.some((known) => timingSafeEqual(known, digest)) ? undefined : 'the token is not known here';
}

/** Digests have one length, so that the comparison takes the same time for every token. */
const digestOf = (token: string) => createHash('sha256').update(token).digest();

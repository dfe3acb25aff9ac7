import { createHash, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { AffinisError } from '@affinis/core';
import { Metadata, ServerInterceptingCall, type ServerInterceptor, status } from '@grpc/grpc-js';
import type { Logger } from 'pino';

/** Health stays open: a balancer has no token. */
const openServices = ['/grpc.health.v1.Health/'];

/** Reads bearer tokens, one a line; blank lines and lines that begin with `#` do not count. */
export function readTokens(file: string, field = 'server.tokensFile'): string[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new AffinisError('invalid-argument', `${field}: ${file} cannot be read`, {
      field,
      cause,
    });
  }
  const tokens = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
  if (tokens.length > 0) return tokens;
  throw new AffinisError('invalid-argument', `${field}: ${file} holds no token; write one a line`, {
    field,
  });
}

/**
 * Refuses a call without a bearer token of this moment, of which it is given the digests, as soon as the call's metadata
 * is there, before any message is read. Where there are no tokens, none is asked for.
 */
export function authenticate(digests: () => readonly Buffer[], log: Logger): ServerInterceptor {
  return (method, call) =>
    new ServerInterceptingCall(call, {
      start: (next) => {
        next({
          onReceiveMetadata: (metadata, proceed) => {
            if (openServices.some((service) => method.path.startsWith(service))) return proceed(metadata);
            const known = digests();
            if (known.length === 0) return proceed(metadata);
            const problem = problemOf(metadata, known);
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
export const digestOf = (token: string) => createHash('sha256').update(token).digest();

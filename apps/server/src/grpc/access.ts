import { resolve } from 'node:path';
import { digestOf, readTokens } from './authentication.ts';
import { type AccessSettings, type Credentials, readCredentials } from './credentials.ts';

/** Who may call a port: its certificates, and the tokens that it takes. */
export interface Access extends Credentials {
  /** sha256 of each token; none: no token is asked for. */
  readonly tokens: readonly Buffer[];
}

/** Reads the files that a section names; throws `invalid-argument` naming the field that is wrong. */
export function readAccess(section: 'server' | 'admin', settings: AccessSettings, folder: string): Access {
  const { tokensFile } = settings;
  const tokens = tokensFile === undefined ? [] : readTokens(resolve(folder, tokensFile), `${section}.tokensFile`);
  return { ...readCredentials(section, settings, folder), tokens: tokens.map(digestOf) };
}

/** The files that `readAccess` reads. */
export function accessFiles({ tls, tokensFile }: Partial<AccessSettings>, folder: string): string[] {
  return [tls?.cert, tls?.key, tls?.clientCa, tokensFile].flatMap((file) => (file ? [resolve(folder, file)] : []));
}

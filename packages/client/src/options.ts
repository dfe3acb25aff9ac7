import { AffinisError } from '@affinis/core';

export interface AffinisClientOptions {
  /** `HOST:PORT` or `unix:/path/to.sock`. */
  readonly address: string;
  /** Default: none. `true` trusts the usual authorities. */
  readonly tls?: true | TlsOptions;
  /** Bearer token. Beyond this machine it needs `tls`. */
  readonly token?: string;
  /** Longest time for a call; for a stream, the longest time without progress while answers are due. Default 10000. */
  readonly deadlineMs?: number;
  /** Default: `{ attempts: 4, initialBackoffMs: 100, maxBackoffMs: 1000 }`. */
  readonly retry?: false | Partial<RetryOptions>;
  /** The server's largest message; what does not fit travels as a stream of chunks. Default 4 MiB. */
  readonly maxMessageBytes?: number;
  /** The server's most items in one call; more travel as a stream. Default 256. */
  readonly maxBatchItems?: number;
}

/** PEM files' contents. */
export interface TlsOptions {
  /** Authorities to trust instead of the usual ones. */
  readonly rootCertificates?: Uint8Array;
  /** For servers that ask clients for a certificate: both. */
  readonly privateKey?: Uint8Array;
  readonly certificateChain?: Uint8Array;
  /** Name that the server's certificate must hold, where it is not the address's. */
  readonly serverName?: string;
}

export interface RetryOptions {
  /** Attempts in all, 2 to 5. */
  readonly attempts: number;
  readonly initialBackoffMs: number;
  readonly maxBackoffMs: number;
}

export interface CallOptions {
  /** Instead of the client's. */
  readonly deadlineMs?: number | undefined;
  /** Aborting cancels the call, which then fails with `cancelled`. */
  readonly signal?: AbortSignal | undefined;
}

/** The options with every default filled in. */
export interface Settings {
  readonly address: string;
  readonly tls: TlsOptions | undefined;
  readonly token: string | undefined;
  readonly deadlineMs: number;
  readonly retry: RetryOptions | undefined;
  readonly maxMessageBytes: number;
  readonly maxBatchItems: number;
  /** True for addresses that never leave this machine. */
  readonly local: boolean;
}

const retryDefaults: RetryOptions = { attempts: 4, initialBackoffMs: 100, maxBackoffMs: 1000 };

export function settingsOf(options: AffinisClientOptions): Settings {
  const {
    address,
    token,
    deadlineMs = 10_000,
    retry,
    maxMessageBytes = 4 * 1024 * 1024,
    maxBatchItems = 256,
  } = options;
  const local = /^(unix:|(localhost|127(\.\d+){3}|\[::1\])(:\d+)?$)/.test(address);
  if (token !== undefined && !options.tls && !local)
    throw new AffinisError(
      'failed-precondition',
      `[client] a token would travel to ${address} in the clear; set "tls"`,
      {
        field: 'tls',
        reason: 'TOKEN_WITHOUT_TLS',
      },
    );
  return {
    address,
    tls: options.tls === true ? {} : options.tls,
    token,
    deadlineMs,
    retry: retry === false ? undefined : { ...retryDefaults, ...retry },
    maxMessageBytes,
    maxBatchItems,
    local,
  };
}

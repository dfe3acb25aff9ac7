const errorCodes = [
  'invalid-argument',
  'not-found',
  'already-exists',
  'failed-precondition',
  'aborted',
  'resource-exhausted',
  'deadline-exceeded',
  'cancelled',
  'unauthenticated',
  'permission-denied',
  'unavailable',
  'unimplemented',
  'internal',
] as const;

/** Why something failed, independent of any transport; `contracts` maps each code to one gRPC status. */
export type ErrorCode = (typeof errorCodes)[number];

export interface ErrorDetails {
  /** Path of the offending field as the caller wrote it: `items[3].left.samples[0].media`. */
  readonly field?: string;
  /** A stable, upper-case reason for programs: `NO_FACE`, `QUEUE_FULL`. */
  readonly reason?: string;
  /** A retry after this long may succeed. Absent: a retry of the same call does not help. */
  readonly retryAfterMs?: number;
  readonly cause?: unknown;
}

/**
 * The only error that crosses a package boundary. The message begins with where it arose (`[metric-mls]`) and says
 * how to mend it; it never holds a payload, an embedding or a path of this machine's beyond what the caller gave.
 */
export class AffinisError extends Error {
  readonly code: ErrorCode;
  readonly field: string | undefined;
  readonly reason: string | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'AffinisError';
    this.code = code;
    this.field = details.field;
    this.reason = details.reason;
    this.retryAfterMs = details.retryAfterMs;
  }

  /** The same error seen from further out: `prefix` is put before its field path. */
  at(prefix: string): AffinisError {
    const joined = !this.field
      ? prefix
      : this.field.startsWith('[')
        ? `${prefix}${this.field}`
        : `${prefix}.${this.field}`;
    return new AffinisError(this.code, this.message, { ...this.details(), field: joined });
  }

  /** Any thrown value as an AffinisError; what is not one already becomes `internal`, its text kept only as the cause. */
  static from(thrown: unknown, where = 'core'): AffinisError {
    if (thrown instanceof AffinisError) return thrown;
    if (isForeign(thrown)) return AffinisError.fromWire(thrown);
    return new AffinisError('internal', `[${where}] unexpected failure; the server's log has the cause`, {
      cause: thrown,
    });
  }

  /** A plain object that survives structured cloning between threads. */
  toWire(): WireError {
    const { cause, ...details } = this.details();
    const wire = { code: this.code, message: this.message, ...details };
    return cause === undefined ? wire : { ...wire, cause: describeCause(cause) };
  }

  static fromWire(wire: WireError): AffinisError {
    return new AffinisError(wire.code, wire.message, wire);
  }

  private details(): ErrorDetails {
    return {
      ...(this.field === undefined ? {} : { field: this.field }),
      ...(this.reason === undefined ? {} : { reason: this.reason }),
      ...(this.retryAfterMs === undefined ? {} : { retryAfterMs: this.retryAfterMs }),
      ...(this.cause === undefined ? {} : { cause: this.cause }),
    };
  }
}

export interface WireError extends ErrorDetails {
  readonly code: ErrorCode;
  readonly message: string;
}

/** An AffinisError of another copy of core: a plugin may have brought its own. */
function isForeign(thrown: unknown): thrown is WireError {
  const { name, code, message } = (thrown ?? {}) as { name?: unknown; code?: unknown; message?: unknown };
  return (
    name === 'AffinisError' &&
    typeof code === 'string' &&
    errorCodes.some((known) => known === code) &&
    typeof message === 'string'
  );
}

function describeCause(cause: unknown): string {
  return cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
}

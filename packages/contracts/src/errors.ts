import { AffinisError, type ErrorCode } from '@affinis/core';
import { Metadata, type StatusObject, status } from '@grpc/grpc-js';
import type { Any } from './generated/google/protobuf/any.ts';
import { BadRequest, ErrorInfo, RetryInfo } from './generated/google/rpc/error_details.ts';
import { Status } from './generated/google/rpc/status.ts';

/** Key of the trailer that carries a google.rpc.Status. */
const detailsKey = 'grpc-status-details-bin';
/** The trailer that gRPC clients' own retry policies obey: wait this long, or -1: do not retry. */
const pushbackKey = 'grpc-retry-pushback-ms';
const domain = 'affinis';
const maxTextBytes = 1024;
const maxPushbackMs = 60_000;

const statusByCode: Readonly<Record<ErrorCode, status>> = {
  'invalid-argument': status.INVALID_ARGUMENT,
  'not-found': status.NOT_FOUND,
  'already-exists': status.ALREADY_EXISTS,
  'failed-precondition': status.FAILED_PRECONDITION,
  aborted: status.ABORTED,
  'resource-exhausted': status.RESOURCE_EXHAUSTED,
  'deadline-exceeded': status.DEADLINE_EXCEEDED,
  cancelled: status.CANCELLED,
  unauthenticated: status.UNAUTHENTICATED,
  'permission-denied': status.PERMISSION_DENIED,
  unavailable: status.UNAVAILABLE,
  unimplemented: status.UNIMPLEMENTED,
  internal: status.INTERNAL,
};

/** Statuses that we never send, as what they mean to a caller. */
const codeByForeignStatus: Readonly<Record<number, ErrorCode>> = {
  [status.OUT_OF_RANGE]: 'invalid-argument',
};

const codeByStatus: Readonly<Record<number, ErrorCode>> = {
  ...codeByForeignStatus,
  ...Object.fromEntries(Object.entries(statusByCode).map(([code, number]) => [number, code as ErrorCode])),
};

/**
 * An error as the status of one item. Anything that is not an AffinisError becomes INTERNAL without its text; causes and
 * stacks never pass.
 */
export function statusOf(thrown: unknown): Status {
  const error = AffinisError.from(thrown, 'server');
  const message = safeText(error.message);
  return { code: statusByCode[error.code], message, details: detailsOf(error, message) };
}

/** An error as the end of a call: what a grpc-js callback or a stream's `error` event takes. */
export function toServiceError(thrown: unknown): StatusObject {
  const error = AffinisError.from(thrown, 'server');
  const details = statusOf(error);
  const metadata = new Metadata();
  metadata.set(detailsKey, Buffer.from(Status.encode(details).finish()));
  if (error.retryAfterMs !== undefined) metadata.set(pushbackKey, String(boundedDelay(error.retryAfterMs)));
  else if (error.code === 'resource-exhausted') metadata.set(pushbackKey, '-1');
  return { code: details.code, details: details.message, metadata };
}

/** Undefined for success: no status, or code 0. */
export function errorFromStatus(message: Status | undefined): AffinisError | undefined {
  if (!message || message.code === status.OK) return undefined;
  const details: { field?: string; reason?: string; retryAfterMs?: number } = {};
  for (const { typeUrl, value } of message.details)
    readDetail(typeUrl.slice(typeUrl.lastIndexOf('/') + 1), value, details);
  return new AffinisError(codeByStatus[message.code] ?? 'internal', message.message, details);
}

/** What a client call failed with, as an AffinisError. Unreadable details are left out. */
export function fromServiceError(thrown: unknown, where = 'client'): AffinisError {
  if (!isServiceError(thrown)) return AffinisError.from(thrown, where);
  const [bytes] = thrown.metadata?.get(detailsKey) ?? [];
  const rich = bytes instanceof Uint8Array ? decoded(() => errorFromStatus(Status.decode(bytes))) : undefined;
  return (
    rich ?? new AffinisError(codeByStatus[thrown.code] ?? 'internal', `[${where}] ${thrown.details}`, { cause: thrown })
  );
}

function detailsOf({ code, field, reason, retryAfterMs }: AffinisError, description: string): Any[] {
  const info = ErrorInfo.create({ reason: reason ?? code.toUpperCase().replaceAll('-', '_'), domain });
  const details = [detail('ErrorInfo', ErrorInfo.encode(info).finish())];
  if (field !== undefined) {
    const request = BadRequest.create({
      fieldViolations: [{ field: safeText(field), description, reason: info.reason }],
    });
    details.push(detail('BadRequest', BadRequest.encode(request).finish()));
  }
  if (retryAfterMs !== undefined) {
    const delayMs = boundedDelay(retryAfterMs);
    const retryDelay = { seconds: BigInt(Math.floor(delayMs / 1000)), nanos: (delayMs % 1000) * 1_000_000 };
    details.push(detail('RetryInfo', RetryInfo.encode({ retryDelay }).finish()));
  }
  return details;
}

const detail = (name: string, value: Uint8Array): Any => ({ typeUrl: `type.googleapis.com/google.rpc.${name}`, value });

function readDetail(
  type: string,
  value: Uint8Array,
  details: { field?: string; reason?: string; retryAfterMs?: number },
): void {
  switch (type) {
    case 'google.rpc.ErrorInfo': {
      const reason = decoded(() => ErrorInfo.decode(value).reason);
      if (reason) details.reason = reason;
      return;
    }
    case 'google.rpc.BadRequest': {
      const field = decoded(() => BadRequest.decode(value).fieldViolations[0]?.field);
      if (field) details.field = field;
      return;
    }
    case 'google.rpc.RetryInfo': {
      const delay = decoded(() => RetryInfo.decode(value).retryDelay);
      if (delay) details.retryAfterMs = boundedDelay(Number(delay.seconds) * 1000 + delay.nanos / 1_000_000);
      return;
    }
  }
}

function decoded<T>(decode: () => T): T | undefined {
  try {
    return decode();
  } catch {
    return undefined;
  }
}

/** Well-formed (a lone surrogate in a status ends grpc-js's process) and short enough for a header. */
function safeText(text: string): string {
  const bytes = Buffer.from(text, 'utf8');
  if (bytes.byteLength <= maxTextBytes) return bytes.toString('utf8');
  const ellipsis = '…';
  return bytes.toString('utf8', 0, maxTextBytes - Buffer.byteLength(ellipsis)).replace(/\uFFFD+$/, '') + ellipsis;
}

const boundedDelay = (milliseconds: number): number =>
  Math.ceil(Math.min(Math.max(milliseconds, 0), maxPushbackMs)) || 0;

function isServiceError(thrown: unknown): thrown is Error & StatusObject {
  return thrown instanceof Error && typeof (thrown as Partial<StatusObject>).code === 'number' && 'details' in thrown;
}

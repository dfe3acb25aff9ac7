import { AffinisError, type ErrorCode } from '@affinis/core';
import { Metadata, status } from '@grpc/grpc-js';
import fc from 'fast-check';
import { errorFromStatus, fromServiceError, statusOf, toServiceError } from './errors.ts';
import { BadRequest } from './generated/google/rpc/error_details.ts';
import { Status } from './generated/google/rpc/status.ts';

/** What a grpc-js client throws for the end of a call. */
function asClientError(end: ReturnType<typeof toServiceError>): Error {
  return Object.assign(new Error(`${end.code}: ${end.details}`), end);
}

const codes: readonly [ErrorCode, number][] = [
  ['cancelled', 1],
  ['invalid-argument', 3],
  ['deadline-exceeded', 4],
  ['not-found', 5],
  ['already-exists', 6],
  ['permission-denied', 7],
  ['resource-exhausted', 8],
  ['failed-precondition', 9],
  ['aborted', 10],
  ['unimplemented', 12],
  ['internal', 13],
  ['unavailable', 14],
  ['unauthenticated', 16],
];

test.each(codes)('%s is gRPC status %i, there and back', (code, number) => {
  const error = new AffinisError(code, '[here] mend it so', {
    field: 'items[3].left',
    reason: 'WHY',
    retryAfterMs: 1500,
  });
  expect(toServiceError(error).code).toBe(number);
  const expected = { code, message: '[here] mend it so', field: 'items[3].left', reason: 'WHY', retryAfterMs: 1500 };
  expect(fromServiceError(asClientError(toServiceError(error)))).toMatchObject(expected);
  expect(errorFromStatus(statusOf(error))).toMatchObject(expected);
});

test('details are those of google.rpc, each under its own type', () => {
  const { details } = statusOf(new AffinisError('invalid-argument', '[x] is wrong', { field: 'a.b' }));
  expect(details.map(({ typeUrl }) => typeUrl)).toEqual([
    'type.googleapis.com/google.rpc.ErrorInfo',
    'type.googleapis.com/google.rpc.BadRequest',
  ]);
  const violations = BadRequest.decode(details[1]?.value ?? new Uint8Array()).fieldViolations;
  expect(violations).toMatchObject([{ field: 'a.b', description: '[x] is wrong', reason: 'INVALID_ARGUMENT' }]);
});

test('nothing internal leaks: foreign errors keep their text to themselves', () => {
  const secret = '/srv/models/face.onnx';
  const foreign = Object.assign(new Error(`ENOENT: ${secret}`), { code: 'ENOENT', path: secret });
  for (const thrown of [
    foreign,
    new AffinisError('internal', '[x] failed', { cause: foreign }),
    secret,
    undefined,
    null,
  ]) {
    const end = toServiceError(thrown);
    expect(end.code).toBe(status.INTERNAL);
    expect(
      JSON.stringify([
        end.details,
        end.metadata.toJSON(),
        Buffer.concat(end.metadata.get('grpc-status-details-bin').map((value) => Buffer.from(value))).toString(
          'latin1',
        ),
      ]),
    ).not.toContain('srv');
  }
});

test('a message is well-formed, and short enough for a header', () => {
  const strings = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 3000 }),
    fc.constantFrom('\ud800', 'é'.repeat(700), '👋'.repeat(400), `${'x'.repeat(1023)}é`),
  );
  fc.assert(
    fc.property(strings, (text) => {
      const { details } = toServiceError(new AffinisError('not-found', text, { field: text }));
      expect(() => encodeURI(details)).not.toThrow();
      expect(Buffer.byteLength(details)).toBeLessThanOrEqual(1024);
    }),
  );
});

test('clients with a retry policy of their own are told when to come back, and when not to', () => {
  const pushback = (error: AffinisError) => toServiceError(error).metadata.get('grpc-retry-pushback-ms');
  expect(pushback(new AffinisError('resource-exhausted', 'queue full', { retryAfterMs: 250 }))).toEqual(['250']);
  expect(pushback(new AffinisError('resource-exhausted', 'too large'))).toEqual(['-1']);
  expect(pushback(new AffinisError('unavailable', 'restarting'))).toEqual([]);
});

test('success is no error', () => {
  expect(errorFromStatus(undefined)).toBeUndefined();
  expect(errorFromStatus(Status.create({ code: 0 }))).toBeUndefined();
});

test('an error without readable details keeps its status', () => {
  const metadata = new Metadata();
  metadata.set('grpc-status-details-bin', Buffer.from([0xff, 0xff, 0xff]));
  const error = asClientError({ code: status.ABORTED, details: 'conflict', metadata });
  expect(fromServiceError(error)).toMatchObject({ code: 'aborted', message: '[client] conflict' });
});

test('whatever a peer sends as details, reading them throws nothing', () => {
  const anyDetail = fc.record({
    typeUrl: fc.constantFrom(
      'type.googleapis.com/google.rpc.ErrorInfo',
      'type.googleapis.com/google.rpc.BadRequest',
      'google.rpc.RetryInfo',
      '',
    ),
    value: fc.uint8Array({ maxLength: 40 }),
  });
  fc.assert(
    fc.property(fc.integer(), fc.array(anyDetail, { maxLength: 4 }), (code, details) => {
      const error = errorFromStatus({ code, message: 'm', details });
      expect(error === undefined).toBe(code === 0);
    }),
  );
});

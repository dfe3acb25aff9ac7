import assert from 'node:assert/strict';
import { AffinisError } from '@affinis/core';

/** Holds what cannot be scored to one refusal: `failed-precondition`, its message beginning with where it arose. */
export function assertRefused(work: () => void): void {
  assert.throws(work, (thrown) => {
    assert.ok(thrown instanceof AffinisError);
    assert.equal(thrown.code, 'failed-precondition');
    assert.match(thrown.message, /^\[[a-z-]+\] /);
    return true;
  });
}

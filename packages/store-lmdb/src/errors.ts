import { statfsSync } from 'node:fs';
import { AffinisError, type ErrorCode, type ErrorDetails } from '@affinis/core';

export const where = 'store-lmdb';

export function storeError(code: ErrorCode, problem: string, details: ErrorDetails = {}): AffinisError {
  return new AffinisError(code, `[${where}] ${problem}`, details);
}

/** `what` says which part does not read as it was written. Nothing is ever repaired or overwritten by itself. */
export function damaged(what: string, cause?: unknown): AffinisError {
  return storeError('failed-precondition', `${what}; the store is damaged and was left as it is: restore a backup`, {
    reason: 'STORE_DAMAGED',
    cause,
  });
}

export const closedStore = (): AffinisError =>
  storeError('failed-precondition', 'the store is closed; open it again', { reason: 'STORE_CLOSED' });

/**
 * What LMDB or the file system threw, in words that help; the text of the cause stays in the cause. LMDB says EIO where
 * the disk took a part of what it wrote, so that is looked into where `folder` is known.
 */
export function fromLmdb(thrown: unknown, folder?: string): AffinisError {
  if (thrown instanceof AffinisError) return thrown;
  const code = errorCode(thrown);
  if (code === 'ENOSPC' || code === 'EDQUOT' || (code === 'EIO' && folder !== undefined && isFull(folder)))
    return storeError('resource-exhausted', 'the disk is full; free some space and write again', {
      reason: 'DISK_FULL',
      cause: thrown,
    });
  if (code === 'EROFS' || code === 'EACCES' || code === 'EPERM')
    return storeError(
      'failed-precondition',
      'the store cannot be written; mount it writable for this user, or open it read-only',
      { reason: 'STORE_READ_ONLY', cause: thrown },
    );
  if (code === 'DAMAGED') return damaged('the file holds what LMDB cannot read', thrown);
  return storeError('internal', 'the store failed; the log has the cause', { reason: 'STORE_FAILED', cause: thrown });
}

/** Errors of LMDB that mean a damaged file: page not found, corrupted, invalid, version, problem, bad transaction. */
const damageCodes = new Set([-30797, -30796, -30793, -30794, -30779]);
const systemCodes: Readonly<Record<number, string>> = {
  5: 'EIO',
  1: 'EPERM',
  13: 'EACCES',
  28: 'ENOSPC',
  30: 'EROFS',
  122: 'EDQUOT',
};

/** LMDB gives numbers, Node names. */
function errorCode(thrown: unknown): string {
  const { code } = (thrown ?? {}) as { code?: unknown };
  if (typeof code === 'string') return code;
  if (typeof code !== 'number') return '';
  return damageCodes.has(code) ? 'DAMAGED' : (systemCodes[code] ?? '');
}

/** Less room than one commit may need. */
const fullBytes = 16 * 2 ** 20;

function isFull(folder: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize < fullBytes;
  } catch {
    return false;
  }
}

import { AffinisError, checkMetadata } from '@affinis/core';

const defaultK = 5;
const mostK = 100;
const defaultPageSize = 100;
const mostPageSize = 1000;

export const kOf = (k: number): number => bounded(k, defaultK, mostK, 'k');

export const pageSizeOf = (size: number): number => bounded(size, defaultPageSize, mostPageSize, 'page_size');

/** A filter is bounded as the metadata are that it has to equal. */
export const checkFilter = (filter: Readonly<Record<string, string>>): void => checkMetadata(filter, 'filter');

function bounded(value: number, whenZero: number, most: number, field: string): number {
  if (value <= most) return value === 0 ? whenZero : value;
  throw new AffinisError('invalid-argument', `[server] ${field} is ${value}; the most is ${most}`, {
    field,
    reason: 'TOO_LARGE',
  });
}

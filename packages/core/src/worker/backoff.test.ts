import { restartDelayMs } from './backoff.ts';

it('doubles the delay with every failure in a row, up to half a minute', () => {
  expect([1, 2, 3, 7, 8, 9, 5000].map(restartDelayMs)).toEqual([250, 500, 1000, 16_000, 30_000, 30_000, 30_000]);
});

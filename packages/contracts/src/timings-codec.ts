import type { PhaseTimings } from '@affinis/core';
import type { Timings } from './generated/affinis/v1/timings.ts';

/** Phases that did not take place are left out and become 0. */
export const timingsToProto = (timings: Partial<PhaseTimings>): Timings => ({
  ...timingsFromProto(undefined),
  ...timings,
});

export const timingsFromProto = (message: Timings | undefined): PhaseTimings =>
  message ?? { queueMs: 0, decodeMs: 0, prepareMs: 0, inferenceMs: 0, scoreMs: 0 };

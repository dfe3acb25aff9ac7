import type { Availability } from '@affinis/contracts';
import type { EmbedderState, PipelineState } from '@affinis/core';

/** Error texts are `problem; what to do`, so that a list can show the two apart. */
export function availabilityOf(state: EmbedderState | PipelineState): Availability {
  if (state.available) return { available: true };
  const [reason = '', ...fix] = state.reason.split('; ');
  return { available: false, reason, fix: fix.join('; ') };
}

import { AffinisError } from '@affinis/core';

export const unfit = (problem: string, field: string): AffinisError =>
  new AffinisError('invalid-argument', `[fitting] ${field}: ${problem}`, { field, reason: 'BAD_FITTING_DATA' });

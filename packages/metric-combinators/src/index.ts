import { definePlugin } from '@affinis/core';
import { asNorm } from './as-norm.ts';
import { scoreFusion } from './score-fusion.ts';

export { asNorm, createAsNorm } from './as-norm.ts';
export { readCohort } from './cohort.ts';
export { createScoreFusion, scoreFusion } from './score-fusion.ts';

export default definePlugin({ name: '@affinis/metric-combinators', metrics: [asNorm, scoreFusion] });

import { definePlugin } from '@affinis/core';
import { mls } from './mls.ts';
import { mlsLlr } from './mls-llr.ts';

export { createMls, mls } from './mls.ts';
export { createMlsLlr, mlsLlr } from './mls-llr.ts';

export default definePlugin({ name: '@affinis/metric-mls', metrics: [mls, mlsLlr] });

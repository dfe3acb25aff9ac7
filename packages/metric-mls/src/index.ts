import { definePlugin } from '@affinis/core';
import { mls } from './mls.ts';

export { createMls, mls } from './mls.ts';

export default definePlugin({ name: '@affinis/metric-mls', metrics: [mls] });

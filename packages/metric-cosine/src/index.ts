import { definePlugin } from '@affinis/core';
import { cosine } from './cosine.ts';

export { cosine, createCosine } from './cosine.ts';

export default definePlugin({ name: '@affinis/metric-cosine', metrics: [cosine] });

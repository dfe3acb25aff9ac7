import { definePlugin } from '@affinis/core';
import { euclidean } from './euclidean.ts';

export { createEuclidean, type EuclideanParameters, euclidean } from './euclidean.ts';

export default definePlugin({ name: '@affinis/metric-euclidean', metrics: [euclidean] });

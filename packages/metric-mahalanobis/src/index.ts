import { definePlugin } from '@affinis/core';
import { mahalanobis } from './mahalanobis.ts';

export { createMahalanobis, type MahalanobisParameters, mahalanobis } from './mahalanobis.ts';

export default definePlugin({ name: '@affinis/metric-mahalanobis', metrics: [mahalanobis] });

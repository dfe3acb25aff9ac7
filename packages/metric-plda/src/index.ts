import { definePlugin } from '@affinis/core';
import { plda, pldaDiagonal } from './plda.ts';

export { createPlda, type PldaParameters, plda, pldaDiagonal } from './plda.ts';

export default definePlugin({ name: '@affinis/metric-plda', metrics: [plda, pldaDiagonal] });

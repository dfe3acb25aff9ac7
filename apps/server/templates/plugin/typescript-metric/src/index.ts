import { createPairMetric, defineMetric, definePlugin, type Metric, z } from '@affinis/plugin-sdk';

const parameters = z.strictObject({
  floor: z.number().positive().default(0.001).describe('Added to every denominator: values far below it count less'),
});

/**
 * Canberra distance (Lance and Williams 1967): `Σ |a_d - b_d| / (|a_d| + |b_d| + floor)`, from 0 to the number of
 * dimensions. Small values count as much as large ones.
 */
export function createDistance({ floor }: z.infer<typeof parameters>): Metric {
  return createPairMetric({
    id: '__name__',
    polarity: 'distance',
    score(left, right) {
      let distance = 0;
      for (const [d, a] of left.mean.entries()) {
        const b = right.mean[d] ?? 0;
        distance += Math.abs(a - b) / (Math.abs(a) + Math.abs(b) + floor);
      }
      return distance;
    },
  });
}

export const distance = defineMetric({
  id: '__name__',
  description: 'Canberra distance: small values count as much as large ones',
  unit: 'distance, 0 to the number of dimensions',
  parameters,
  create: createDistance,
});

export default definePlugin({ name: '__name__', version: '0.1.0', metrics: [distance] });

import { defineMetric, definePlugin } from '@affinis/core';
import { z } from 'zod';

/** Plugin of the admin port's tests: a metric with a secret among its parameters. */
export default definePlugin({
  name: 'secret-plugin',
  metrics: [
    defineMetric({
      id: 'guarded',
      description: 'nothing is alike',
      unit: 'none',
      parameters: z.strictObject({ code: z.string().meta({ writeOnly: true }), level: z.number() }),
      create: () => ({
        id: 'guarded',
        polarity: 'similarity',
        needsVariance: false,
        scoreBlock: (_queries, _references, scores) => scores.fill(0),
      }),
    }),
  ],
});

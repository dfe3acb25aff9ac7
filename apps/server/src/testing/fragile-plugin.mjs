import { existsSync } from 'node:fs';
import { defineEmbedder, definePlugin } from '@affinis/core';
import { z } from 'zod';

/** Plugin of the admin port's tests: an embedder that ends its thread while it is made, as long as a file is there. */
const description = {
  model: { name: 'fragile', version: '1', sha256: '0'.repeat(64) },
  modality: 'text',
  dimension: 2,
  space: 'fragile@1/0',
  unitNorm: true,
  uncertainty: 'none',
  licence: 'none',
};

export default definePlugin({
  name: 'fragile-plugin',
  embedders: [
    defineEmbedder({
      id: 'fragile',
      description: 'ends its thread as long as a file is there',
      parameters: z.strictObject({ file: z.string() }),
      create({ file }) {
        if (existsSync(file)) process.exit(3);
        return {
          description,
          embed: async (samples) =>
            samples.map(() => ({
              ok: true,
              value: {
                embedding: { mean: Float32Array.of(1, 0), unitNorm: true, space: description.space },
                timings: { decodeMs: 0, prepareMs: 0, inferenceMs: 0 },
              },
            })),
        };
      },
    }),
  ],
});

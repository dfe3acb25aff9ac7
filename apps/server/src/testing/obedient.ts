import { fileURLToPath } from 'node:url';
import { builtInConfig } from '../composition.ts';

const plugin = fileURLToPath(new URL('./test-plugin.mjs', import.meta.url));
const shippedPipelines = Object.keys(builtInConfig.pipelines);

/** An affinis.yaml without models, whose embedder `toy` does what its texts say (`test-plugin.mjs`). */
export const obedientConfig = (more = ''): string => `
plugins: ["@affinis/metric-cosine", "@affinis/metric-euclidean", ${JSON.stringify(plugin)}]
embedders: { face: null, voice: null, text: null, toy: { type: obedient } }
pipelines: { ${shippedPipelines.map((name) => `${name}: null`).join(', ')}, toy: { embedder: toy, metric: cosine } }
defaults: { image: toy, voice: toy, text: toy }
workers: { count: 1 }
${more}`;

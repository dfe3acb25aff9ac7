import { fileURLToPath } from 'node:url';
import { withoutModels } from './without-models.ts';

const plugin = fileURLToPath(new URL('../../plugins/letters.mjs', import.meta.url));

/** An affinis.yaml without models, served by the plugin `letters`: inside the server, or as a process of its own. */
export const lettersConfig = (way: 'module' | 'process', process: object = {}): string => `
plugins: [${JSON.stringify(way === 'module' ? plugin : { name: 'letters', module: plugin, ...process })}]
${withoutModels({
  embedders: 'letters: { type: letters }',
  pipelines: ['letters: { embedder: letters, metric: overlap }'],
  pipeline: 'letters',
})}
`;

/** A text of so many bytes, another one for each seed. */
export function textOf(bytes: number, seed: number): string {
  let state = seed + 1;
  return Array.from({ length: bytes }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return String.fromCharCode(97 + ((state >>> 24) % 26));
  }).join('');
}

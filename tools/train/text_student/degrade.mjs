// Degraded copies of texts by the server's own code: `{"recipe", "seed", "texts"}` on standard input, the copies as a
// JSON array on standard output. Needs the packages built (`npx tsc -b`).
import { readFileSync } from 'node:fs';
import { degradeBy } from '@affinis/core';
import { textDegradations } from '../../../packages/modality-text/dist/degradation/kinds.js';

const { recipe, seed, texts } = JSON.parse(readFileSync(0, 'utf8'));
const copies = [];
for (const [index, text] of texts.entries())
  copies.push(await degradeBy(textDegradations, text, { recipe, seed: seed + index }));
process.stdout.write(JSON.stringify(copies));

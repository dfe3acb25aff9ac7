import { parseArgs } from 'node:util';
import { createConfigSwaps } from './config-swaps.ts';
import { galleryKill } from './gallery-kill.ts';
import { oneIdentity } from './one-identity.ts';
import { createPluginKill } from './plugin-kill.ts';
import type { Soak } from './soak.ts';
import { stopUnderLoad } from './stop-under-load.ts';
import { storeKill } from './store-kill.ts';

// `npm run soak -- NAME [--rounds N] [--seed N]`. Without a name it lists what there is.

const soaks: readonly Soak[] = [
  stopUnderLoad,
  storeKill,
  galleryKill,
  oneIdentity,
  createConfigSwaps(),
  createPluginKill(),
];
const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: 'string' }, seed: { type: 'string', default: '1' } },
});
const [name] = positionals;
const chosen = soaks.find((soak) => soak.name === name);

if (chosen) await run(chosen, Number(values.rounds ?? chosen.defaultRounds), Number(values.seed));
else {
  if (name !== undefined) {
    console.error(`no soak "${name}"; there are:`);
    process.exitCode = 2;
  }
  for (const soak of soaks) console.log(`${soak.name}  ${soak.description} (${soak.defaultRounds} rounds)`);
}

async function run(soak: Soak, rounds: number, seed: number): Promise<void> {
  const random = createRandom(seed);
  const totals: Record<string, number> = {};
  for (let round = 1; round <= rounds; round++) {
    try {
      for (const [key, value] of Object.entries(await soak.round(random))) totals[key] = (totals[key] ?? 0) + value;
    } catch (thrown) {
      console.error(`round ${round} of ${rounds} failed:`, thrown);
      process.exitCode = 1;
      break;
    }
    if (round % 10 === 0) console.error(`${soak.name}: ${round}/${rounds}`);
  }
  try {
    Object.assign(totals, await soak.finish?.());
  } catch (thrown) {
    console.error('at the end:', thrown);
    process.exitCode = 1;
  }
  console.log(JSON.stringify({ name: soak.name, rounds, seed, failed: process.exitCode === 1, ...totals }));
}

/** The same faults for the same seed (a linear congruential generator; Numerical Recipes' constants). */
function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

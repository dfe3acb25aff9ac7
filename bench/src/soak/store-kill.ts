import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createWrittenState, killRound } from '@affinis/conformance';
import type { Soak } from './soak.ts';

const module = new URL('../processes/store-target.js', import.meta.url).href;
/** Covers the start of the process, the first opening and several compactions. */
const longestLifeMs = 700;

const state = createWrittenState();
let parent: string | undefined;

/** One store goes through all rounds, so that each begins with what the kills before it left. */
export const storeKill: Soak = {
  name: 'store-kill',
  description:
    'kill -9 of a process that puts, deletes and compacts: nothing acknowledged is lost, nothing deleted returns',
  defaultRounds: 1000,
  async round(random) {
    parent ??= newFolder();
    const { acknowledged, underWay } = await killRound({
      module,
      folder: join(parent, 'store'),
      state,
      seed: Math.floor(random() * 1_000_000) + 1,
      lifeMs: Math.floor(random() * longestLifeMs),
    });
    return { acknowledged, underWay };
  },
};

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'affinis-store-kill-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

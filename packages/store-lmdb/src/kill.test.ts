import { createWrittenState, killRound } from '@affinis/conformance';
import { withFolder } from './testing/folders.ts';
import * as target from './testing/kill-target.ts';

const built = new URL('../dist/testing/kill-target.js', import.meta.url).href;

describe('a process that is killed while it writes, deletes and compacts', () => {
  it('has lost nothing that was acknowledged, and nothing deleted comes back', async () => {
    await withFolder(async (folder) => {
      const state = createWrittenState();
      let acknowledged = 0;
      for (let round = 1; round <= 8; round++) {
        const figures = await killRound({ module: built, target, folder, state, seed: round, lifeMs: round * 40 });
        acknowledged += figures.acknowledged;
      }
      expect(acknowledged).toBeGreaterThan(100);
    });
  });
});

import { createSeededRandom } from '@affinis/core';
import { createPluginKill } from './plugin-kill.ts';

const soak = createPluginKill();
afterAll(() => soak.finish());

it('a plugin that is killed or stopped 20 times under load has failed no call and left nothing behind', async () => {
  const random = createSeededRandom(3);
  const totals = { calls: 0, SIGKILLs: 0, SIGSTOPs: 0 };
  for (let done = 0; done < 20; done++) {
    const figures = await soak.round(random.uniform);
    for (const key of ['calls', 'SIGKILLs', 'SIGSTOPs'] as const) totals[key] += figures[key] ?? 0;
  }
  expect(totals.calls).toBeGreaterThan(100);
  expect(totals.SIGKILLs + totals.SIGSTOPs).toBe(20);
}, 300_000);

import { rmSync } from 'node:fs';
import type { AffinisError } from '@affinis/core';
import { compactStore } from '../compact.ts';
import { createLmdbStore, type LmdbStore } from '../lmdb-store.ts';
import { createGallery, idsOf, many, write } from './templates.ts';

/*
 * A process of its own for tests, `node store-process.js FOLDER ACTION [FILLER]`:
 *   hold            opens the store, says `ready`, and waits for its end
 *   write           the same, and writes without end
 *   fill            writes until the disk is full, then removes the file FILLER, writes again, and reads all
 *   read            reads all, without a lock
 *   crash:STEP      ends itself by SIGKILL at that step of a compaction
 */
const [folder = '', action = '', filler = ''] = process.argv.slice(2);
const say = (message: object) => process.stdout.write(`${JSON.stringify(message)}\n`);

try {
  if (action.startsWith('crash:')) {
    const kill = (step: string) => {
      if (`crash:${step}` === action) process.kill(process.pid, 'SIGKILL');
    };
    await compactStore({ folder, now: 1000, onStep: kill });
  } else {
    const store = await createLmdbStore({ folder, readOnly: action === 'read' });
    if (action === 'write' || action === 'fill') await store.write([createGallery]);
    say({ ready: true });
    if (action === 'hold') setInterval(() => undefined, 1000);
    for (let round = 0; action === 'write'; round++) await write(store, ...many(50, `round-${round % 20}`));
    if (action === 'fill') await fillDisk(store);
    if (action === 'read') await sayAll(store);
    if (action !== 'hold') await store.close();
  }
} catch (thrown) {
  const { code, message, reason } = thrown as { code?: string; message?: string; reason?: string };
  say({ code, message, reason });
}

async function fillDisk(store: LmdbStore): Promise<void> {
  let acknowledged = 0;
  let failed: AffinisError | undefined;
  while (!failed) {
    for (const result of await store.write(many(5, `fill-${acknowledged}`))) {
      if (result.ok) acknowledged++;
      else failed = result.error;
    }
  }
  say({ acknowledged, code: failed.code, reason: failed.reason });
  await sayAll(store);
  rmSync(filler);
  await write(store, ...many(5, 'after'));
  await sayAll(store);
}

async function sayAll(store: LmdbStore): Promise<void> {
  const ids = await idsOf(store);
  const whole = await Promise.all(ids.map((id) => store.get('g', id)));
  say({ templates: whole.length, rows: [...store.rows('g')].length });
}

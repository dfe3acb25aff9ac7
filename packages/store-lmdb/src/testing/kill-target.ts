import { compactStore } from '../compact.ts';
import { createLmdbStore } from '../lmdb-store.ts';

/** What the suite kills: see `KillTarget` of `@affinis/conformance`. */
export const open = (folder: string) => createLmdbStore({ folder });

export const compact = (folder: string) => compactStore({ folder, now: 0 });

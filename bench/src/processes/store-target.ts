import { compactStore, createLmdbStore } from '@affinis/store-lmdb';

/** The store that `store-kill` kills: see `KillTarget` of `@affinis/conformance`. */
export const open = (folder: string) => createLmdbStore({ folder });

export const compact = (folder: string) => compactStore({ folder, now: 0 });

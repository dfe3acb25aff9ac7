export { type BackupFigures, type BackupOptions, backupStore } from './backup.ts';
export { type CompactFigures, type CompactOptions, type CompactStep, compactStore } from './compact.ts';
export { createLmdbStore, type LmdbStore, type LmdbStoreOptions } from './lmdb-store.ts';

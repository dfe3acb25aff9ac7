export { createLmdbStore, type LmdbStore, type LmdbStoreOptions } from './lmdb-store.ts';

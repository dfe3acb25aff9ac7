import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { templateStoreConformance } from '@affinis/conformance';
import { createLmdbStore } from './lmdb-store.ts';

const parent = mkdtempSync(join(tmpdir(), 'affinis-store-'));
afterAll(() => rmSync(parent, { recursive: true, force: true }));

let count = 0;
let last = '';
templateStoreConformance(
  'lmdb',
  () => {
    last = join(parent, `store-${count++}`);
    return createLmdbStore({ folder: last });
  },
  {
    async reopen(store) {
      await store.close();
      return createLmdbStore({ folder: last });
    },
  },
);

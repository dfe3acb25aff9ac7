import { readFileSync } from 'node:fs';
import { unzipSync } from 'fflate';

/** The files of a ZIP archive by name, those that `wanted` takes. */
export const readZip = (path: string, wanted: (name: string) => boolean): ReadonlyMap<string, Uint8Array> =>
  new Map(Object.entries(unzipSync(readFileSync(path), { filter: ({ name }) => wanted(name) })));

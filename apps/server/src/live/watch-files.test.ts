import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mountVersion } from '../testing/changing-config.ts';
import { type FileWatch, watchFiles } from './watch-files.ts';

let folder: string;
let watched: FileWatch | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'affinis-watch-'));
});
afterEach(() => {
  watched?.close();
  rmSync(folder, { recursive: true, force: true });
});

const at = (...names: string[]) => join(folder, ...names);

/** Each call waits for the next change that is told. */
function changesOf(...paths: string[]): () => Promise<void> {
  let told = 0;
  let wake: (() => void) | undefined;
  watched = watchFiles({
    paths,
    quietMs: 20,
    onChange: () => {
      told++;
      wake?.();
    },
    onBlind: (blind) => {
      throw new Error(`${blind} is not watched`);
    },
  });
  return async () => {
    while (told === 0)
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    told = 0;
  };
}

describe('a change is told', () => {
  it('of a file that is written, replaced, removed and made again', async () => {
    writeFileSync(at('a'), '1');
    const change = changesOf(at('a'));
    writeFileSync(at('a'), '2');
    await change();
    writeFileSync(at('b'), '3');
    renameSync(at('b'), at('a'));
    await change();
    rmSync(at('a'));
    await change();
    writeFileSync(at('a'), '4');
    await change();
  });

  it('of a file behind links, each of which is swapped', async () => {
    mountVersion(folder, 1, { a: '1' });
    const change = changesOf(at('a'));
    mountVersion(folder, 2, { a: '2' });
    await change();
    mountVersion(folder, 3, { a: '3' });
    await change();
    writeFileSync(at('..data', 'a'), '4');
    await change();
  });

  it('of a file whose folder leads elsewhere', async () => {
    mkdirSync(at('one'));
    mkdirSync(at('two'));
    writeFileSync(at('one', 'a'), '1');
    writeFileSync(at('two', 'a'), '2');
    symlinkSync('one', at('link'));
    const change = changesOf(at('link', 'a'));
    writeFileSync(at('one', 'a'), '1b');
    await change();
    symlinkSync('two', at('next'));
    renameSync(at('next'), at('link'));
    await change();
    writeFileSync(at('two', 'a'), '2b');
    await change();
  });

  it('of a file in a folder that is not there yet, and one that another takes the place of', async () => {
    const change = changesOf(at('deep', 'er', 'a'));
    mkdirSync(at('deep', 'er'), { recursive: true });
    writeFileSync(at('deep', 'er', 'a'), '1');
    await change();
    mkdirSync(at('other', 'er'), { recursive: true });
    writeFileSync(at('other', 'er', 'a'), '2');
    renameSync(at('deep'), at('old'));
    renameSync(at('other'), at('deep'));
    await change();
    writeFileSync(at('deep', 'er', 'a'), '3');
    await change();
  });

  it('of files that are followed later', async () => {
    for (const name of ['a', 'b']) writeFileSync(at(name), '1');
    const change = changesOf(at('a'));
    watched?.follow([at('b')]);
    writeFileSync(at('b'), '2');
    await change();
    watched?.follow([at('a'), at('b')]);
    writeFileSync(at('a'), '2');
    await change();
  });
});

it('no change is told of what is written anew as it was, or beside it', async () => {
  writeFileSync(at('a'), '1');
  writeFileSync(at('mark'), '1');
  let told = 0;
  const quiet = watchFiles({ paths: [at('a')], quietMs: 1, onChange: () => told++, onBlind: () => told++ });
  const change = changesOf(at('mark'));
  writeFileSync(at('a'), '1');
  writeFileSync(at('other'), '2');
  writeFileSync(at('mark'), '3');
  await change();
  quiet.close();
  expect(told).toBe(0);
});

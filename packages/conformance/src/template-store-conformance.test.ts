import { createMemoryStore, type TemplateStore, withRows } from '@affinis/core';
import { collectingRunner } from './collecting-runner.ts';
import { templateStoreConformance } from './template-store-conformance.ts';

templateStoreConformance('memory', async () => createMemoryStore());

const bare = (): TemplateStore => {
  const { write, get, scan, galleries, close } = createMemoryStore();
  return { write, get, scan, galleries, close };
};
let kept: TemplateStore | undefined;
templateStoreConformance(
  'one without the optional members, with rows in memory',
  async () => {
    kept = bare();
    return withRows(kept);
  },
  { reopen: async () => withRows(kept ?? bare()) },
);

describe('the suite of template stores', () => {
  const broken: [string, (sound: Required<TemplateStore>) => TemplateStore, string][] = [
    [
      'a batch whose order is lost',
      (sound) => ({ ...sound, write: async (batch) => (await sound.write(batch.toReversed())).toReversed() }),
      'in order',
    ],
    [
      'revisions that are ignored',
      (sound) => ({
        ...sound,
        write: (batch) =>
          sound.write(batch.map((item) => ('revision' in item ? { ...item, revision: undefined } : item) as never)),
      }),
      'revision is the one that was named',
    ],
    [
      'a scan that begins with the id it is to follow',
      (sound) => ({
        ...sound,
        async *scan(gallery, { after } = {}) {
          for await (const template of sound.scan(gallery))
            if (after === undefined || Buffer.compare(Buffer.from(template.id), Buffer.from(after)) >= 0)
              yield template;
        },
      }),
      'from any id on',
    ],
    [
      'rows in the order of the ids',
      (sound) => ({
        ...sound,
        rows: (gallery) => [...sound.rows(gallery)].toSorted((a, b) => b.sequence - a.sequence),
      }),
      'order of their numbers',
    ],
    [
      'metadata that is found by one pair of many',
      (sound) => ({
        ...sound,
        withMetadata: (gallery, equals) =>
          sound.withMetadata(gallery, Object.fromEntries(Object.entries(equals).slice(0, 1))),
      }),
      'by their metadata',
    ],
    ['an end that is no end', (sound) => ({ ...sound, close: async () => {} }), 'after its end'],
  ];
  it.each(broken)('fails %s', async (_, breakIt, expected) => {
    expect(await failuresOf(() => breakIt(createMemoryStore()))).toContainEqual(expect.stringContaining(expected));
  });

  it('fails a store that forgets, and passes one without the optional members', async () => {
    const forgets = await failuresOf(createMemoryStore, async () => createMemoryStore());
    expect(forgets).toEqual([expect.stringContaining('keeps all that it acknowledged')]);
    expect(
      await failuresOf(() => {
        const { write, get, scan, galleries, close } = createMemoryStore();
        return { write, get, scan, galleries, close };
      }),
    ).toEqual([]);
  });
});

function failuresOf(
  create: () => TemplateStore,
  reopen?: (store: TemplateStore) => Promise<TemplateStore>,
): Promise<readonly string[]> {
  const { runner, failures } = collectingRunner();
  templateStoreConformance('broken', async () => create(), { runner, ...(reopen ? { reopen } : {}) });
  return failures();
}

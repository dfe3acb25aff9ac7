import type { Embedding } from '../../embedding.ts';
import { createMemoryStore } from '../memory-store.ts';
import type { StoredGallery, Template, TemplateStore } from '../template-store.ts';
import { exportTemplates } from './export-templates.ts';
import { type ImportOptions, importTemplates } from './import-templates.ts';
import { splitLines } from './split-lines.ts';

const gallery: StoredGallery = {
  name: 'staff',
  space: 's',
  dimension: 3,
  unitNorm: false,
  varianceKind: 'diagonal',
  varianceId: 'head-1',
  createdAt: 5,
  settings: { metric: 'mls' },
};

const embedding = (seed: number): Embedding => ({
  mean: Float32Array.of(seed, 0.1, -1 / 3),
  variance: { kind: 'diagonal', values: Float32Array.of(1e-30, 2, 3e30) },
  varianceId: 'head-1',
  unitNorm: false,
  space: 's',
});

const template = (id: string, changes: Partial<Template> = {}): Template => ({
  id,
  fused: embedding(1),
  sources: [1, 2].map((seed) => ({ embedding: embedding(seed), enrolledAt: seed })),
  metadata: { team: 'blue', 'Zoë\n': '"' },
  createdAt: 10,
  updatedAt: 20,
  ...changes,
});

async function filled(...templates: Template[]): Promise<TemplateStore> {
  const store = createMemoryStore();
  await store.write([
    { kind: 'create-gallery', gallery },
    ...templates.map((item) => ({ kind: 'put', gallery: 'staff', template: item }) as const),
  ]);
  return store;
}

async function linesOf(store: TemplateStore, now = 0): Promise<string[]> {
  return collect(exportTemplates(store, { gallery: 'staff', now }));
}

/** In chunks of seven bytes, so that lines and characters are cut everywhere. */
const inputOf = (text: string) =>
  async function* () {
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length; at += 7) yield bytes.subarray(at, at + 7);
  };

const imported = (store: TemplateStore, lines: readonly string[], options?: ImportOptions) =>
  importTemplates(store, inputOf(lines.join('')), options);

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

describe('export and import of a gallery', () => {
  it('gives back every digit, text and time', async () => {
    const people = [template('a', { consentAt: 1, expiresAt: 99 }), template('Zoë', { sources: [], metadata: {} })];
    const lines = await linesOf(await filled(...people));
    expect(JSON.parse(lines[0] ?? '')).toEqual({ format: 'affinis.gallery/1', gallery });
    // 1, 0.1 and -1/3 as little-endian float32, by Python's struct.pack('<3f', 1, .1, -1/3).
    expect(JSON.parse(lines[2] ?? '').mean).toBe('AACAP83MzD2rqqq+');
    const store = createMemoryStore();
    expect(await imported(store, lines)).toEqual({ gallery: 'staff', imported: 2, failed: 0, problems: [] });
    expect(await store.galleries()).toEqual([gallery]);
    for (const person of people) expect(await store.get('staff', person.id)).toMatchObject(person);
  });

  it('leaves out what has expired, and refuses a gallery that is not there', async () => {
    const store = await filled(template('a', { expiresAt: 50 }), template('b', { expiresAt: 51 }));
    expect((await linesOf(store, 50)).map((line) => JSON.parse(line).id)).toEqual([undefined, 'b']);
    await expect(collect(exportTemplates(store, { gallery: 'x', now: 0 }))).rejects.toMatchObject({
      code: 'not-found',
    });
  });

  const zero = Buffer.alloc(12).toString('base64');
  const bad: [string, (line: Record<string, unknown>) => string, RegExp][] = [
    ['no JSON', () => '{"id": "secret', /^\[gallery-import\] the line is no JSON$/],
    ['a field that is unknown', (line) => JSON.stringify({ ...line, nmae: 1 }), /nmae unknown key/],
    ['metadata that is no text', (line) => JSON.stringify({ ...line, metadata: { a: 1 } }), /metadata.a/],
    ['metadata over their limit', (line) => JSON.stringify({ ...line, metadata: { a: 'x'.repeat(257) } }), /256 bytes/],
    ['a variance of another head', (line) => JSON.stringify({ ...line, varianceId: 'other' }), /gallery's head/],
    ['half a vector', (line) => JSON.stringify({ ...line, mean: 'AACAPw==' }), /1 dimensions where the gallery has 3/],
    ['half a number', (line) => JSON.stringify({ ...line, mean: 'AACAP83MzD2rqqo=' }), /NaN or infinity/],
    ['a vector of zeros', (line) => JSON.stringify({ ...line, mean: zero }), /zero vector/],
    ['a variance of zeros', (line) => JSON.stringify({ ...line, variance: zero }), /above zero/],
    ['no variance', (line) => JSON.stringify({ ...line, variance: undefined }), /variance 'none'/],
    ['an id that is too long', (line) => JSON.stringify({ ...line, id: 'x'.repeat(257) }), /257 bytes/],
  ];
  it.each(bad)('reports a line of %s and imports the others', async (_, spoil, reason) => {
    const [header = '', first = '', second = ''] = await linesOf(await filled(template('a'), template('b')));
    const lines = [header, '\n', first, `${spoil(JSON.parse(second))}\n`, second];
    const store = createMemoryStore();
    const report = await imported(store, lines);
    expect(report).toMatchObject({ imported: 2, failed: 1, problems: [{ line: 4, code: 'invalid-argument' }] });
    expect(report.problems[0]?.reason).toMatch(reason);
    const atomic = createMemoryStore();
    expect(await imported(atomic, lines, { atomic: true })).toEqual({ ...report, imported: 0 });
    expect(await atomic.galleries()).toEqual([]);
  });

  it('with atomic imports a file without bad lines, and leaves no gallery where the store fails midway', async () => {
    const lines = await linesOf(await filled(template('a'), template('b')));
    const store = createMemoryStore();
    expect(await imported(store, lines, { atomic: true })).toMatchObject({ imported: 2, failed: 0 });
    const full = createMemoryStore();
    const write: TemplateStore['write'] = async (batch) => {
      if (batch[0]?.kind === 'put') return failing.write(batch);
      return full.write(batch);
    };
    const failing = createMemoryStore();
    await expect(imported({ ...full, write }, lines, { atomic: true })).rejects.toMatchObject({ code: 'not-found' });
    expect(await full.galleries()).toEqual([]);
  });

  it('imports into a gallery of another name, and replaces templates of the same id', async () => {
    const lines = await linesOf(await filled(template('a')));
    const store = await filled(template('a', { metadata: { old: 'yes' } }));
    await imported(store, lines);
    await imported(store, lines, { gallery: 'copy' });
    expect((await store.galleries()).map(({ name }) => name)).toEqual(['copy', 'staff']);
    for (const name of ['copy', 'staff']) expect(await store.get(name, 'a')).toMatchObject(template('a'));
  });

  it.each([
    ['nothing', [], 'invalid-argument'],
    ['another version', ['{"format":"affinis.gallery/2"}\n'], 'failed-precondition'],
    ['no header', ['{"id":"a"}\n'], 'invalid-argument'],
    ['a text', ['hello\n'], 'invalid-argument'],
  ])('refuses %s as a whole', async (_, lines, code) => {
    const store = createMemoryStore();
    await expect(imported(store, lines)).rejects.toMatchObject({ code });
    expect(await store.galleries()).toEqual([]);
  });

  it('refuses a gallery of another space', async () => {
    const lines = await linesOf(await filled(template('a')));
    const store = createMemoryStore();
    await store.write([{ kind: 'create-gallery', gallery: { ...gallery, space: 'another' } }]);
    await expect(imported(store, lines)).rejects.toMatchObject({ code: 'failed-precondition', field: 'gallery' });
  });

  it('names the first bad lines and counts all, and tells of its progress', async () => {
    const [header = '', line = ''] = await linesOf(await filled(template('a')));
    const good = Array.from({ length: 600 }, (_, at) => line.replace('"a"', `"id-${at}"`));
    const progress: number[] = [];
    const lines = [header, ...Array.from({ length: 5 }, () => '[]\n'), ...good];
    const report = await imported(createMemoryStore(), lines, { maxProblems: 2, onProgress: (n) => progress.push(n) });
    expect(report).toMatchObject({ imported: 600, failed: 5, problems: [{ line: 2 }, { line: 3 }] });
    expect(progress).toEqual([256, 512, 600]);
  });
});

describe('lines of a stream', () => {
  it('keeps nothing of a line that is too long, and names one that is no UTF-8', async () => {
    const bytes = Buffer.concat([Buffer.from('ab\r\nabcdefgh\n\n'), Buffer.from([0xff, 0x0a]), Buffer.from('é')]);
    async function* chunks() {
      yield bytes.subarray(0, 6);
      yield bytes.subarray(6);
    }
    const lines = await collect(splitLines(chunks(), 4));
    expect(lines).toEqual([
      { number: 1, text: 'ab' },
      { number: 2, problem: 'too long' },
      { number: 4, problem: 'no UTF-8' },
      { number: 5, text: 'é' },
    ]);
  });
});

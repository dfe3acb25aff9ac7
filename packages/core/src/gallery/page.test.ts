import { embeddingOf } from '../testing/toys.ts';
import { pageOf } from './page.ts';
import type { StoredTemplate } from './template-store.ts';

const fused = embeddingOf([1, 0]);
const template = (id: string, metadata = {}): StoredTemplate => ({
  id,
  fused,
  sources: [{ embedding: fused, enrolledAt: 0 }],
  metadata,
  createdAt: 0,
  updatedAt: 0,
  sequence: 1,
  revision: 1,
});

/** Templates that count how many of them were read. */
function templates(all: readonly StoredTemplate[]) {
  const source = { read: 0 };
  const scan = (async function* () {
    for (const each of all) {
      source.read++;
      yield each;
    }
  })();
  return { source, scan };
}

const numbered = (count: number, metadata = {}) =>
  Array.from({ length: count }, (_, index) => template(`t${String(index).padStart(6, '0')}`, metadata));

it('ends with its limit, and names where the next begins only where there is more', async () => {
  const all = numbered(4);
  const first = await pageOf(templates(all).scan, { limit: 3 }, () => true);
  expect([first.templates.length, first.next]).toEqual([3, 't000002']);
  const whole = await pageOf(templates(all).scan, { limit: 4 }, () => true);
  expect([whole.templates.length, whole.next]).toEqual([4, undefined]);
  expect(await pageOf(templates([]).scan, { limit: 4 }, () => true)).toEqual({ templates: [] });
});

it('ends before it outgrows a message', async () => {
  const metadata = Object.fromEntries(Array.from({ length: 16 }, (_, index) => [`k${index}`, 'v'.repeat(256)]));
  const { templates: page, next } = await pageOf(templates(numbered(1000, metadata)).scan, { limit: 1000 }, () => true);
  expect(page.length).toBeLessThan(260);
  expect(page.length).toBeGreaterThan(200);
  expect(next).toBe(page.at(-1)?.id);
});

it('gives a short page rather than reading on where a filter lets few pass', async () => {
  const { source, scan } = templates([...numbered(12_000), template('z', { team: 'red' })]);
  const options = { limit: 10, filter: { team: 'red' } };
  const empty = await pageOf(scan, options, () => true);
  expect([empty.templates, empty.next]).toEqual([[], 't009999']);
  expect(source.read).toBeLessThanOrEqual(10_001);
});

it('leaves out what no longer lives', async () => {
  const { templates: page } = await pageOf(templates(numbered(4)).scan, { limit: 4 }, ({ id }) => id !== 't000001');
  expect(page.map(({ id }) => id)).toEqual(['t000000', 't000002', 't000003']);
});

import { createSeededRandom } from '@affinis/core';
import { createGalleryKill } from './gallery-kill.ts';
import { createPromisedGalleries } from './promised-galleries.ts';

const soak = createGalleryKill();
afterAll(() => soak.remove());

it('a server that is killed 20 times, and compactions, have lost and brought back nothing', async () => {
  const { round, promised } = soak;
  const random = createSeededRandom(7);
  for (let done = 0; done < 20; done++) await round(random.uniform);
  expect(promised.acknowledged.writes).toBeGreaterThan(100);
  expect(promised.acknowledged.deletions).toBeGreaterThan(0);
}, 300_000);

describe('what a killed server must have left', () => {
  /** Version 1 of `ann` acknowledged, then its deletion or version 2 begun and perhaps acknowledged. */
  const promisedAfter = (second: number | null, acknowledged: boolean) => {
    const promised = createPromisedGalleries();
    promised.replace('staff', new Map())();
    promised.change('staff', 'ann', 1)();
    const done = promised.change('staff', 'ann', second);
    if (acknowledged) done();
    return promised;
  };
  const holding = (version: number) => new Map([['ann', version]]);

  it('is what was acknowledged, or what was under way', () => {
    promisedAfter(2, false).check('staff', holding(1));
    promisedAfter(2, false).check('staff', holding(2));
    promisedAfter(null, false).check('staff', new Map());
    promisedAfter(2, true).check('staff', holding(2));
    const dropped = promisedAfter(2, true);
    dropped.replace('staff', null);
    dropped.check('staff', null);
    expect(dropped.contents('staff')).toBeNull();
  });

  it.each([
    ['a lost write', promisedAfter(2, true), holding(1), 'is of version 1'],
    ['a lost template', promisedAfter(2, true), new Map<string, number>(), 'is lost'],
    ['a deletion that came back', promisedAfter(null, true), holding(1), 'came back'],
    ['a lost gallery', promisedAfter(2, false), null, 'gallery staff is lost'],
    ['a gallery that nobody made', createPromisedGalleries(), holding(1), 'gallery staff came back'],
  ])('is not %s', (_, promised, found, complaint) => {
    expect(() => promised.check('staff', found)).toThrow(complaint);
  });
});

import fc from 'fast-check';
import { type DegradationKind, degradeBy } from './degradation.ts';
import { createSeededRandom } from './seeded-random.ts';

const kind = (name: string, seen = true): DegradationKind<string> => ({
  name,
  seen,
  apply: (sample, severity) => `${sample} ${name}:${severity.toFixed(3)}`,
});
const kinds = [
  kind('occlusion'),
  kind('blur'),
  kind('noise'),
  kind('jpeg'),
  kind('mosaic', false),
  kind('stripes', false),
];
const namesOf = (degraded: string) =>
  degraded
    .split(' ')
    .slice(1)
    .map((step) => step.split(':')[0] ?? '');
const order = kinds.map(({ name }) => name);

describe('a degradation', () => {
  it('is the same for the same sample, recipe and seed', async () => {
    for (const recipe of ['mixed', 'any', 'unseen', 'blur'])
      expect(await degradeBy(kinds, 's', { recipe, seed: 7 })).toBe(await degradeBy(kinds, 's', { recipe, seed: 7 }));
  });

  it('takes one to three kinds in their order, seen and unseen apart', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 2 ** 32 - 1 }), async (seed) => {
        for (const [recipe, seen] of [
          ['any', true],
          ['unseen', false],
        ] as const) {
          const names = namesOf(await degradeBy(kinds, 's', { recipe, seed }));
          expect(names.length).toBeGreaterThanOrEqual(1);
          expect(names.length).toBeLessThanOrEqual(3);
          expect(names).toEqual(names.toSorted((a, b) => order.indexOf(a) - order.indexOf(b)));
          for (const name of names) expect(kinds.find((each) => each.name === name)?.seen).toBe(seen);
        }
      }),
    );
  });

  it('leaves a third clean where mixed', async () => {
    const copies = await Promise.all(
      Array.from({ length: 3000 }, (_, seed) => degradeBy(kinds, 's', { recipe: 'mixed', seed })),
    );
    expect(copies.filter((copy) => copy === 's').length / 3000).toBeCloseTo(1 / 3, 1);
  });

  it('is of one kind at the severity that is named', async () => {
    expect(await degradeBy(kinds, 's', { recipe: 'mosaic:0.25', seed: 1 })).toBe('s mosaic:0.250');
    expect(namesOf(await degradeBy(kinds, 's', { recipe: 'jpeg', seed: 1 }))).toEqual(['jpeg']);
  });

  it.each(['', 'rain', 'blur:2', 'blur:-1', 'blur:', 'blur:x'])(
    'refuses "%s" and names what there is',
    async (recipe) => {
      await expect(degradeBy(kinds, 's', { recipe, seed: 1 })).rejects.toMatchObject({
        code: 'invalid-argument',
        reason: 'NO_DEGRADATION',
        message: expect.stringContaining('mixed, any, unseen, or one of occlusion, blur'),
      });
    },
  );
});

describe('seeded random numbers', () => {
  it('are uniform, whole or normal as asked', () => {
    const random = createSeededRandom(3);
    const mean = (draw: () => number) =>
      Array.from({ length: 20_000 }, draw).reduce((sum, value) => sum + value, 0) / 20_000;
    expect(mean(() => random.uniform())).toBeCloseTo(0.5, 2);
    expect(mean(() => random.between(2, 4))).toBeCloseTo(3, 1);
    expect(mean(() => random.gaussian())).toBeCloseTo(0, 1);
    expect(mean(() => random.gaussian() ** 2)).toBeCloseTo(1, 1);
    expect(new Set(Array.from({ length: 200 }, () => random.integer(3)))).toEqual(new Set([0, 1, 2]));
  });
});

import { compareRates, identificationRates, type Search } from './identification.ts';

const mate = (subject: number, score: number | undefined, right = true): Search => ({
  subject,
  mated: true,
  score,
  right,
});
const stranger = (subject: number, score: number | undefined): Search => ({
  subject,
  mated: false,
  score,
  right: false,
});

// Of four strangers one may pass at 25 %: 0.9 does, 0.5 must not.
const strangers = [stranger(10, 0.9), stranger(11, 0.5), stranger(12, 0.3), stranger(13, undefined)];
const searches = [mate(0, 0.8), mate(1, 0.5), mate(2, 0.95, false), mate(3, undefined, false), ...strangers];

describe('identificationRates', () => {
  it('counts what is right on top, and above the strangers who must not pass', () => {
    expect(identificationRates(searches, 0.25)).toEqual({ rank1: 0.5, detected: 0.25 });
    expect(identificationRates(searches, 0)).toEqual({ rank1: 0.5, detected: 0 });
    expect(identificationRates(searches, 0.5)).toEqual({ rank1: 0.5, detected: 0.5 });
  });

  it('weighs as repeated searches do', () => {
    const counts = [2, 1, 0, 1, 0, 2, 1, 3];
    const repeated = searches.flatMap((search, row) => Array<Search>(counts[row] ?? 0).fill(search));
    expect(identificationRates(searches, 0.25, counts)).toEqual(identificationRates(repeated, 0.25));
  });
});

it('compareRates gives intervals, and no difference between metrics that order alike', () => {
  const bent = searches.map((search) => ({ ...search, score: search.score && search.score ** 3 }));
  const compared = compareRates(
    new Map([
      ['cosine', searches],
      ['bent', bent],
    ]),
    { fpir: 0.25, draws: 200, seed: 1 },
  );
  expect(compared.cosine?.rates.detected[0]).toBe(25);
  expect(compared.cosine?.rates.rank1[1]).toBeLessThan(50);
  expect(compared.bent?.differences).toEqual({ rank1: [0, 0, 0], detected: [0, 0, 0] });
});

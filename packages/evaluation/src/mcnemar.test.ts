import { checkPaired, mcnemarAtFar } from './mcnemar.ts';
import { trialsOf } from './testing/trials.ts';

/** Thirty impostors at 0 to 29 and ten genuine pairs, of which some are missed at FAR 0.1, where 27 and above match. */
const withGenuine = (genuine: readonly number[]) =>
  trialsOf([...genuine, ...Array(30).keys()], [...genuine.map(() => 1), ...Array(30).fill(0)]);

describe('McNemar at matched FAR', () => {
  it('finds the pairs that one alone decides rightly', () => {
    const first = withGenuine([40, 40, 40, 40, 40, 40, 1, 40, 40, 40]);
    const second = withGenuine([40, 1, 1, 1, 1, 1, 40, 40, 40, 40]);
    const found = mcnemarAtFar(first, second, 0.1);
    expect([found.first.far, found.second.far]).toEqual([0.1, 0.1]);
    expect(found.first.threshold).toBe(27);
    expect([...found.onlyFirst]).toEqual([1, 2, 3, 4, 5]);
    expect([...found.onlySecond]).toEqual([6]);
    // 2 (1 + 6) / 2^6.
    expect(found.pValue).toBeCloseTo(14 / 64, 12);
  });

  it('finds nothing between a score and itself', () => {
    const trials = withGenuine([40, 1]);
    expect(mcnemarAtFar(trials, trials, 0.1)).toMatchObject({ pValue: 1, onlyFirst: new Uint32Array() });
  });

  it('is refused below three impostors a false match', () => {
    expect(() => mcnemarAtFar(withGenuine([1]), withGenuine([1]), 0.01)).toThrow(
      'FAR 0.01 needs 300 impostor pairs and there are 30',
    );
  });
});

describe('paired trials', () => {
  it('are of the same pairs in the same order', () => {
    expect(() => checkPaired(trialsOf([1, 2], [1, 0]), trialsOf([1], [1]))).toThrow('have 2 and 1 pairs');
    expect(() => checkPaired(trialsOf([1, 2, 3], [1, 0, 0]), trialsOf([1, 2, 3], [1, 0, 1]))).toThrow('row 2 is not');
  });
});

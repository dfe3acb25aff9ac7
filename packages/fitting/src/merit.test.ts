import type { Trials } from '@affinis/evaluation';
import { atCleanThreshold } from './clean-threshold.ts';
import { falseMatchRate, meritOf, trueMatchRate } from './merit.ts';

/** 4,000 impostors spread evenly over an interval, and 10 genuine pairs at one score. */
function trialsOf(lowest: number, genuine: number): Trials {
  const impostors = Array.from({ length: 4000 }, (_, index) => lowest + index / 4000);
  const same = Uint8Array.from([...impostors.map(() => 0), ...Array(10).fill(1)]);
  const subjects = Int32Array.from(same.keys());
  return {
    scores: Float64Array.from([...impostors, ...Array<number>(10).fill(genuine)]),
    same,
    left: subjects,
    right: subjects.map((subject, row) => (same[row] === 1 ? subject : subject + 5000)),
  };
}

describe('the merit of scores', () => {
  const clean = trialsOf(0, 1.5);
  const poor = trialsOf(1, 2.5);

  it('is judged under one threshold, so that scores which part each condition by itself may be worth little', () => {
    expect(meritOf([clean])).toBeCloseTo(1, 2);
    expect(meritOf([poor])).toBeCloseTo(1, 2);
    expect(meritOf([clean, poor])).toBeCloseTo(0.5, 2);
    expect(meritOf([clean, trialsOf(0, 2.5)])).toBeCloseTo(1, 2);
  });

  it('is less by the EER', () => {
    // Half of the genuine pairs lie below every impostor.
    const half = { ...clean, scores: clean.scores.map((score, row) => (row >= 4005 ? -1 : score)) };
    expect(meritOf([half])).toBeCloseTo(0.5 - 0.5, 2);
    expect(meritOf([half])).toBeLessThan(meritOf([clean]));
  });

  it('is no more than minus the EER where no rate is supported', () => {
    const few = { ...clean, scores: clean.scores.slice(3995), same: clean.same.slice(3995) };
    expect(meritOf([{ ...few, left: clean.left.slice(3995), right: clean.right.slice(3995) }])).toBe(0);
  });

  it('counts shares at or above a threshold', () => {
    expect(falseMatchRate(clean, 0.75)).toBeCloseTo(0.25);
    expect(trueMatchRate(clean, 1.5)).toBe(1);
    expect(trueMatchRate(clean, 1.6)).toBe(0);
  });
});

describe('a threshold set on clean pairs', () => {
  it('shows how often poor strangers pass it', () => {
    const [clean, poor] = [trialsOf(0, 1.5), trialsOf(0.5, 1.5)];
    const found = atCleanThreshold([{ clean, trials: poor }]);
    expect(found).toMatchObject({ wanted: 1e-3, tar: 1 });
    expect(found?.fmr).toBeCloseTo(0.501, 3);
    expect(atCleanThreshold([{ clean, trials: clean }])?.fmr).toBeCloseTo(1e-3, 4);
  });

  it('is not claimed where clean pairs are too few', () => {
    const few: Trials = {
      scores: Float64Array.of(1, 2),
      same: Uint8Array.of(0, 1),
      left: Int32Array.of(0, 1),
      right: Int32Array.of(2, 1),
    };
    expect(atCleanThreshold([{ clean: few, trials: few }])).toBeNull();
  });
});

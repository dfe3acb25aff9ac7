import { duplicateRows, impostorSubjectPairs, subjectsOf } from './subjects.ts';
import { checkCounts, checkTrials, createTrials } from './trials.ts';

const subjects = { left: ['ann', 'ann', 'bob'], right: ['ann', 'bob', 'cleo'] };

describe('trials', () => {
  it('number subjects by name, and turn distances around', () => {
    const trials = createTrials({ scores: [1, 3, 2], polarity: 'distance', same: [true, false, 0], subjects });
    expect([...trials.scores]).toEqual([-1, -3, -2]);
    expect([...trials.same]).toEqual([1, 0, 0]);
    expect([...trials.left]).toEqual([0, 0, 1]);
    expect([...trials.right]).toEqual([0, 1, 2]);
    expect([...subjectsOf(trials)]).toEqual([0, 1, 2]);
    expect(impostorSubjectPairs(trials)).toBe(2);
  });

  it('have subjects of their own where none are named', () => {
    const trials = createTrials({ scores: [1, 2, 3], same: [1, 0, 1] });
    expect(subjectsOf(trials)).toHaveLength(4);
    expect(trials.left[0]).toBe(trials.right[0]);
  });

  it.each([
    [{ scores: [1, Number.NaN], same: [1, 0] }, 'score 1 is NaN', 'scores[1]'],
    [{ scores: [Number.NEGATIVE_INFINITY, 1], same: [1, 0] }, 'score 0 is -Infinity', 'scores[0]'],
    [{ scores: [1, 2], same: [1, 2] }, 'label 1 is 2', 'same[1]'],
    [{ scores: [1, 2], same: [1, Number.NaN] }, 'label 1 is NaN', 'same[1]'],
    [{ scores: [1, 2, 3], same: [1, 0] }, 'differ in number: 3, 2', 'scores'],
    [{ scores: [], same: [] }, 'no genuine pairs', 'same'],
    [{ scores: [1, 2], same: [1, 1] }, 'no impostor pairs', 'same'],
    [{ scores: [5, 5], same: [1, 0] }, 'all 2 scores are 5', 'scores'],
    [
      { scores: [1, 2], same: [1, 0], subjects: { left: ['ann', 'bob'], right: ['bob', 'cleo'] } },
      'row 0 is labelled 1 where its subjects are "ann" and "bob"',
      'same[0]',
    ],
  ])('are refused where they say nothing: %j', (given, message, field) => {
    expect(() => createTrials(given)).toThrow(
      expect.objectContaining({ code: 'invalid-argument', field, message: expect.stringContaining(message) }),
    );
  });

  it('are refused where the labels are numbers other than 0 and 1', () => {
    const { scores, left, right } = createTrials({ scores: [1, 2], same: [1, 0] });
    expect(() => checkTrials({ scores, left, right, same: Uint8Array.of(1, 7) })).toThrow('label 1 is 7');
  });

  it('must be as many as a purpose needs', () => {
    const trials = createTrials({ scores: [1, 2, 3], same: [1, 0, 0] });
    expect(() => checkCounts(trials, { genuine: 1, impostor: 2 }, 'a test')).not.toThrow();
    expect(() => checkCounts(trials, { genuine: 1, impostor: 30 }, 'FMR 0.1')).toThrow(
      'FMR 0.1 needs 30 impostor pairs and there are 2',
    );
  });
});

describe('duplicate rows', () => {
  it('are those of two samples that were compared before, on whichever sides', () => {
    expect(duplicateRows(['a', 'b', 'a', 'c', 'a'], ['b', 'a', 'c', 'd', 'b'])).toEqual([1, 4]);
  });
});

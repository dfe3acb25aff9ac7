import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readPairs } from './labelled-pairs.ts';
import { readLabels } from './labelled-samples.ts';

const folder = mkdtempSync(join(tmpdir(), 'affinis-labels-'));
afterAll(() => rmSync(folder, { recursive: true }));

const write = (text: string): string => {
  const file = join(folder, 'data.csv');
  writeFileSync(file, text);
  return file;
};
const pairsOf = (text: string, options: object = {}) =>
  readPairs(write(text), { root: '/data', text: false, target: 'same', ...options });

describe('labelled samples', () => {
  it('are paths with numbered subjects, in the order of the file', async () => {
    const labels = await readLabels(write('subject,path\nann,a/1.jpg\nbob,"b, 1.jpg"\nann,a/2.jpg\nann,a/1.jpg\n'));
    expect(labels.samples).toEqual(['a/1.jpg', 'b, 1.jpg', 'a/2.jpg'].map((path) => join(folder, path)));
    expect([...labels.subjects]).toEqual([0, 1, 0]);
    expect(labels.subjectNames).toEqual(['ann', 'bob']);
  });

  it.each([
    ['path\na\n', ': has no column "subject"', 'NO_COLUMN'],
    ['path,subject\n', ': holds no rows', 'EMPTY'],
    ['path,subject\na,x\n,y\n', ':3: path: is empty', 'BAD_ROW'],
    ['path,subject\na,x\nb,\n', ':3: subject: is empty', 'BAD_ROW'],
    ['path,subject\na,x\na,y\n', ':3: subject: is "y" where an earlier row says "x"', 'BAD_ROW'],
    ['path,subject\na,x\nb,x\n', ': names one subject only', 'ONE_CLASS'],
    ['path,subject\na,x,more\n', ': Invalid Record Length', 'BAD_FILE'],
  ])('%j is refused', async (text, message, reason) => {
    await expect(readLabels(write(text))).rejects.toMatchObject({
      code: 'invalid-argument',
      reason,
      message: expect.stringContaining(`data.csv${message}`),
    });
  });

  it('that are missing are refused by their path', async () => {
    await expect(readLabels(join(folder, 'absent.csv'))).rejects.toMatchObject({ reason: 'NO_FILE' });
  });
});

describe('labelled pairs', () => {
  it('name each sample once', async () => {
    const { samples, pairs } = await pairsOf('left,right,same\na,b,1\nb,c,0\n');
    expect(samples).toEqual(['/data/a', '/data/b', '/data/c']);
    expect(pairs.map(({ left, right, label }) => [left, right, label])).toEqual([
      [0, 1, 1],
      [1, 2, 0],
    ]);
  });

  it('take subjects from their columns, or from chains of genuine pairs', async () => {
    const named = await pairsOf('left,right,same,left_subject,right_subject\na,b,1,x,x\nb,c,0,x,y\n');
    expect(named.pairs.map(({ leftSubject, rightSubject }) => leftSubject + rightSubject)).toEqual(['xx', 'xy']);
    const { pairs } = await pairsOf('left,right,same\na,b,1\nc,b,1\nc,d,0\nd,e,yes\n');
    const [ab, cb, cd, de] = pairs;
    expect(ab?.leftSubject).toBe(cb?.leftSubject);
    expect(cd?.leftSubject).toBe(ab?.leftSubject);
    expect(de?.leftSubject).toBe(cd?.rightSubject);
    expect(de?.leftSubject).not.toBe(ab?.leftSubject);
  });

  it('have several samples on a side where these are joined', async () => {
    const { samples, sides, pairs } = await pairsOf('left,right,same\na|b,c,1\nc,d,0\na|b,d,0\n');
    expect(samples.map((path) => path.slice(-1)).join('')).toBe('abcd');
    expect(pairs.map(({ left, right }) => [sides[left], sides[right]])).toEqual([
      [[0, 1], [2]],
      [[2], [3]],
      [[0, 1], [3]],
    ]);
    await expect(pairsOf('left,right,same\na|b,c,1\nc,a,0\n')).rejects.toMatchObject({ reason: 'CONTRADICTION' });
    await expect(pairsOf('left,right,same\na||b,c,1\n')).rejects.toMatchObject({ field: 'left' });
    expect((await pairsOf('left,right,same\na|b,c,1\n', { text: true })).samples[0]).toBe('a|b');
  });

  it('may be sentences with grades', async () => {
    const { samples, pairs } = await pairsOf('left,right,score\n"A man, a plan",Two,4.5\n', {
      text: true,
      target: 'score',
    });
    expect(samples).toEqual(['A man, a plan', 'Two']);
    expect(pairs[0]?.label).toBe(4.5);
  });

  it.each([
    ['left,right\na,b\n', {}, ': has no column "same"'],
    ['left,right,same\na,b,maybe\n', {}, ':2: same: is "maybe"'],
    ['left,right,same\na,,1\n', {}, ':2: right: is empty'],
    [
      'left,right,same,left_subject,right_subject\na,b,1,x,y\n',
      {},
      ':2: same: is 1 where the subjects are "x" and "y"',
    ],
    ['left,right,same\na,b,1\na,b,0\n', {}, ':3: same: is 0 where the subjects are'],
    ['left,right,score\na,b,much\n', { target: 'score' }, ':2: score: is "much", no number'],
  ])('%j is refused', async (text, options, message) => {
    await expect(pairsOf(text, options)).rejects.toThrow(`data.csv${message}`);
  });
});

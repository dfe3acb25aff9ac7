import { createKept } from './kept.ts';

it('keeps what was used last and makes the rest anew', () => {
  const made: string[] = [];
  const kept = createKept<string>(2);
  const use = (key: string) =>
    kept.get(key, () => {
      made.push(key);
      return key.toUpperCase();
    });
  expect(['a', 'b', 'a', 'c', 'a', 'b'].map(use)).toEqual(['A', 'B', 'A', 'C', 'A', 'B']);
  expect(made).toEqual(['a', 'b', 'c', 'b']);
  for (let index = 0; index < 1000; index++) use(`key ${index}`);
  expect(kept.size).toBe(2);
});

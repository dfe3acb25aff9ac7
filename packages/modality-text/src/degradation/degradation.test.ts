import { createSeededRandom } from '@affinis/core';
import fc from 'fast-check';
import { textDegradations } from './kinds.ts';

const sentence = 'A young child is riding a brown horse in the green field near the old house today';
const degrade = (name: string, severity: number, text = sentence, seed = 1): string => {
  const kind = textDegradations.find((each) => each.name === name);
  if (!kind) throw new Error(name);
  return kind.apply(text, severity, createSeededRandom(seed)) as string;
};
const words = (text: string) => text.split(' ');

describe.each(textDegradations.map(({ name }) => name))('%s', (name) => {
  it('leaves something to read, the same for the same seed', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme', minLength: 1 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.nat(),
        (text, severity, seed) => {
          fc.pre(/\S/.test(text));
          const degraded = degrade(name, severity, text, seed);
          expect(degraded).toMatch(/\S/);
          expect(degrade(name, severity, text, seed)).toBe(degraded);
        },
      ),
    );
  });
});

it('truncation keeps the stated share of the words, from the beginning', () => {
  expect(sentence.startsWith(degrade('truncation', 0))).toBe(true);
  expect(words(degrade('truncation', 0))).toHaveLength(Math.round(0.8 * words(sentence).length));
  expect(words(degrade('truncation', 1))).toHaveLength(Math.round(0.25 * words(sentence).length));
});

it('words are dropped and swapped, never made up', () => {
  const known = new Set(words(sentence));
  for (const name of ['words', 'swaps']) for (const word of words(degrade(name, 1))) expect(known.has(word)).toBe(true);
  const kept = Array.from(
    { length: 200 },
    (_, seed) => words(degrade('words', 1, sentence, seed)).length / words(sentence).length,
  );
  expect(kept.reduce((sum, share) => sum + share, 0) / 200).toBeCloseTo(0.4, 1);
});

it('typos grow with severity', () => {
  const changed = (severity: number) => {
    const lengths = Array.from(
      { length: 100 },
      (_, seed) =>
        words(degrade('typos', severity, sentence, seed)).filter((word, at) => word !== words(sentence)[at]).length,
    );
    return lengths.reduce((sum, count) => sum + count, 0) / 100;
  };
  expect(changed(0)).toBeLessThan(changed(0.5));
  expect(changed(0.5)).toBeLessThan(changed(1));
});

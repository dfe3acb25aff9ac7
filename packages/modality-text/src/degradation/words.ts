import type { SeededRandom } from '@affinis/core';

const wordsOf = (text: string): string[] => text.split(/\s+/).filter((word) => word !== '');

/** 10 to 60 % of the words are missing; one remains. */
export function droppedWords(text: string, severity: number, random: SeededRandom): string {
  const words = wordsOf(text);
  const kept = words.filter(() => random.uniform() >= 0.1 + 0.5 * severity);
  return kept.length > 0 ? kept.join(' ') : (words[random.integer(Math.max(1, words.length))] ?? text);
}

/** The end is missing: 80 to 25 % of the words are left, one at least. */
export function truncation(text: string, severity: number): string {
  const words = wordsOf(text);
  return words.slice(0, Math.max(1, Math.round(words.length * (0.8 - 0.55 * severity)))).join(' ');
}

/** 10 to 60 % of the words change places with their neighbours. */
export function swappedWords(text: string, severity: number, random: SeededRandom): string {
  const words = wordsOf(text);
  for (let at = 0; at + 1 < words.length; at++)
    if (random.uniform() < 0.1 + 0.5 * severity) [words[at], words[at + 1]] = [words[at + 1] ?? '', words[at] ?? ''];
  return words.join(' ');
}

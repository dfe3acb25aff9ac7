import type { DegradationKind } from '@affinis/core';
import { doubledLetters, shouting, typos } from './letters.ts';
import { droppedWords, swappedWords, truncation } from './words.ts';

/** What can be done to a text, in the order in which it happens to one. */
export const textDegradations: readonly DegradationKind<string>[] = [
  { name: 'words', seen: true, apply: droppedWords },
  { name: 'swaps', seen: false, apply: swappedWords },
  { name: 'truncation', seen: true, apply: truncation },
  { name: 'typos', seen: true, apply: typos },
  { name: 'doubling', seen: false, apply: doubledLetters },
  { name: 'shouting', seen: false, apply: shouting },
];

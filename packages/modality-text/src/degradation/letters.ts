import type { SeededRandom } from '@affinis/core';

/** Rows of a keyboard: the neighbour of a key is what a finger hits beside it. */
const rows = ['qwertyuiop', 'asdfghjkl', 'zxcvbnm'];

/** Letters missing, doubled, swapped, or taken from the key beside: 2 to 25 % of them. */
export function typos(text: string, severity: number, random: SeededRandom): string {
  const share = 0.02 + 0.23 * severity;
  const letters = [...text];
  const out: string[] = [];
  for (let at = 0; at < letters.length; at++) {
    const letter = letters[at] ?? '';
    const next = letters[at + 1];
    if (!/\p{L}/u.test(letter) || random.uniform() >= share) {
      out.push(letter);
      continue;
    }
    switch (random.integer(4)) {
      case 0:
        break;
      case 1:
        out.push(letter, letter);
        break;
      case 2:
        if (next !== undefined && /\p{L}/u.test(next)) {
          out.push(next, letter);
          at++;
        } else out.push(letter);
        break;
      default:
        out.push(besides(letter, random));
    }
  }
  const degraded = out.join('');
  return /\S/.test(degraded) ? degraded : text;
}

/** Leeetters heeeld dooown: 5 to 40 % of them. */
export function doubledLetters(text: string, severity: number, random: SeededRandom): string {
  return [...text]
    .map((letter) => (/\p{L}/u.test(letter) && random.uniform() < 0.05 + 0.35 * severity ? letter.repeat(3) : letter))
    .join('');
}

/** ALL IN CAPITALS, and more or fewer exclamation marks!! */
export function shouting(text: string, severity: number): string {
  return text.toUpperCase() + '!'.repeat(Math.round(5 * severity));
}

function besides(letter: string, random: SeededRandom): string {
  const row = rows.find((keys) => keys.includes(letter.toLowerCase()));
  if (!row) return letter;
  const at = row.indexOf(letter.toLowerCase()) + (random.uniform() < 0.5 ? -1 : 1);
  return row[at] ?? letter;
}

const chunkLength = 8192;
const longestChunk = 2 * chunkLength;

/**
 * Tokens of a text's beginning: all of them where there are at most `limit`, else more than `limit`, of which the
 * first `limit` are those of the whole text. Works piece by piece, so a text of a megabyte costs what its first tokens
 * cost. Pieces end at white space, where BERT's tokenizer splits anyway; only a run of more than 8,192 characters
 * without white space may be cut inside a word.
 */
export function leadingTokens(
  text: string,
  limit: number,
  encode: (piece: string) => readonly number[],
): readonly number[] {
  const tokens: number[] = [];
  for (let start = 0; start < text.length && tokens.length <= limit; ) {
    const end = pieceEnd(text, start);
    for (const token of encode(boundMarks(text.slice(start, end)))) tokens.push(token);
    start = end;
  }
  return tokens;
}

function pieceEnd(text: string, start: number): number {
  if (text.length - start <= longestChunk) return text.length;
  const gap = text.slice(start + chunkLength, start + longestChunk).search(/[ \t\n\r]/);
  if (gap >= 0) return start + chunkLength + gap + 1;
  const end = start + longestChunk;
  return isHighSurrogate(text.charCodeAt(end - 1)) ? end - 1 : end;
}

/**
 * Cuts runs of combining marks to 30, the bound of Unicode's stream-safe format (UAX 15): normalising a run takes the
 * square of its length, minutes for a hostile text.
 */
function boundMarks(text: string): string {
  return text.replace(/(\p{M}{30})\p{M}+/gu, '$1');
}

const isHighSurrogate = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdbff;

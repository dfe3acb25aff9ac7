import fc from 'fast-check';
import { leadingTokens } from './leading-tokens.ts';

/** One token a word: its length. */
const lengths = (text: string): number[] => (text.match(/\S+/g) ?? []).map((word) => word.length);

describe('leading tokens', () => {
  it('are those of the whole text, and end soon after the limit', () => {
    const words = fc.array(fc.integer({ min: 1, max: 300 }), { maxLength: 1000 });
    const gaps = fc.constantFrom(' ', '\n', '   ', ' '.repeat(20_000));
    fc.assert(
      fc.property(words, gaps, fc.integer({ min: 0, max: 300 }), (sizes, gap, limit) => {
        const text = sizes.map((size) => 'x'.repeat(size)).join(gap);
        const whole = lengths(text);
        const leading = leadingTokens(text, limit, lengths);
        expect(leading.slice(0, limit)).toEqual(whole.slice(0, limit));
        expect(leading.length > limit).toBe(whole.length > limit);
      }),
      { numRuns: 50 },
    );
  });

  it('read no more of a text than they need', () => {
    let characters = 0;
    leadingTokens('word '.repeat(200_000), 254, (piece) => {
      characters += piece.length;
      return lengths(piece);
    });
    expect(characters).toBeLessThan(10_000);
  });

  it('do not cut a character in two where there is no white space', () => {
    const pieces: string[] = [];
    leadingTokens(`x${'🚀'.repeat(20_000)}`, 10, (piece) => {
      pieces.push(piece);
      return [];
    });
    expect(pieces.length).toBeGreaterThan(1);
    for (const piece of pieces) expect(piece).not.toMatch(/\p{Surrogate}/u);
  });

  it('bound runs of combining marks and keep ordinary accents', () => {
    const seen = (text: string): string => {
      let all = '';
      leadingTokens(text, 10, (piece) => {
        all += piece;
        return [];
      });
      return all;
    };
    expect(seen('e\u0301\u0323 o\u0302')).toBe('e\u0301\u0323 o\u0302');
    expect(seen(`a${'\u0301\u0323'.repeat(1000)}b`)).toBe(`a${'\u0301\u0323'.repeat(15)}b`);
  });
});

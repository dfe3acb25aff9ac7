import fc from 'fast-check';
import { halfToNumber, numberToHalf } from './half.ts';

describe('float16', () => {
  it('survives a round trip in all of its patterns', () => {
    for (let bits = 0; bits < 0x10000; bits++) {
      const value = halfToNumber(bits);
      if (Number.isNaN(value)) expect(Number.isNaN(halfToNumber(numberToHalf(value)))).toBe(true);
      else expect(numberToHalf(value)).toBe(bits);
    }
  });

  it.each([
    [0x3c00, 1],
    [0xc000, -2],
    [0x7bff, 65504],
    [0x0400, 2 ** -14],
    [0x0001, 2 ** -24],
    [0x3555, 0.333251953125],
    [0x7c00, Number.POSITIVE_INFINITY],
  ])('%i is %p, as IEEE 754 has it', (bits, value) => {
    expect(halfToNumber(bits)).toBe(value);
    expect(numberToHalf(value)).toBe(bits);
  });

  it('takes the nearest of all its numbers, and of two the one with an even pattern', () => {
    const numbers = Array.from({ length: 0x7c00 }, (_, bits) => halfToNumber(bits));
    /** By search in the table of all, which ascends with its patterns. */
    const nearest = (size: number) => {
      let [low, high] = [0, numbers.length - 1];
      while (high - low > 1) {
        const middle = (low + high) >> 1;
        if ((numbers[middle] ?? 0) <= size) low = middle;
        else high = middle;
      }
      const [below, above] = [size - (numbers[low] ?? 0), (numbers[high] ?? 0) - size];
      return below < above || (below === above && low % 2 === 0) ? low : high;
    };
    const size = fc.oneof(
      fc.double({ min: 0, max: 65504, noNaN: true }),
      fc.double({ min: -30, max: 15.9, noNaN: true }).map((exponent) => 2 ** exponent),
      // Half way between two neighbours, and just beside.
      fc
        .tuple(fc.integer({ min: 0, max: 0x7bfe }), fc.constantFrom(-1e-12, 0, 1e-12))
        .map(([bits, off]) => (((numbers[bits] ?? 0) + (numbers[bits + 1] ?? 0)) / 2) * (1 + off)),
    );
    fc.assert(
      fc.property(size, (value) => {
        expect(numberToHalf(value)).toBe(nearest(value));
        expect(numberToHalf(-value)).toBe(nearest(value) + 0x8000);
      }),
      { numRuns: 2000 },
    );
  });

  it('rounds to the nearest, ties to even', () => {
    expect(numberToHalf(1 + 2 ** -11)).toBe(0x3c00);
    expect(numberToHalf(1 + 3 * 2 ** -11)).toBe(0x3c02);
    expect(numberToHalf(1 + 2 ** -11 + 1e-9)).toBe(0x3c01);
    expect(numberToHalf(2047.9999)).toBe(0x6800);
    expect(numberToHalf(65519)).toBe(0x7bff);
    expect(numberToHalf(65520)).toBe(0x7c00);
    expect(numberToHalf(2 ** -25)).toBe(0);
    expect(Object.is(halfToNumber(numberToHalf(-0)), -0)).toBe(true);
  });
});

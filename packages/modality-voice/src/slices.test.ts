import fc from 'fast-check';
import { cutSlices, paddedLength, type SliceRule, sliceStarts } from './slices.ts';

const rule: SliceRule = { frames: 160, stepFrames: 77, minCoverage: 0.75, hopSize: 160 };
const anyRule = fc.record({
  frames: fc.integer({ min: 1, max: 300 }),
  stepFrames: fc.integer({ min: 1, max: 300 }),
  minCoverage: fc.double({ min: 0, max: 1, noNaN: true }),
  hopSize: fc.integer({ min: 1, max: 400 }),
});

describe('sliceStarts', () => {
  /** By the formula of Resemblyzer 0.1.4 (`compute_partial_slices(n, 1.3, 0.75)`) in Python. */
  it.each([
    [1, [0]],
    [25_600, [0]],
    [31_519, [0]],
    [31_520, [0, 77]],
    [43_839, [0, 77]],
    [43_840, [0, 77, 154]],
    [48_000, [0, 77, 154]],
  ])('cuts %i samples at frames %j', (samples, starts) => {
    expect(sliceStarts(samples, rule)).toEqual(starts);
  });

  it('starts at 0, steps evenly, and covers all but less than a slice of the recording', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2_000_000 }), (samples) => {
        const starts = sliceStarts(samples, rule);
        expect(starts.map((start) => start / 77)).toEqual(starts.map((_, index) => index));
        const end = ((starts.at(-1) ?? 0) + 160) * 160;
        expect(samples - end).toBeLessThan(77 * 160);
        expect(paddedLength(samples, starts, rule)).toBe(Math.max(samples, end));
      }),
    );
  });

  it('keeps a last slice only where enough of it is covered, or where it is the only one', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_000_000 }), (samples) => {
        const starts = sliceStarts(samples, rule);
        const covered = (samples - (starts.at(-1) ?? 0) * 160) / 25_600;
        expect(starts.length === 1 || covered >= 0.75).toBe(true);
      }),
    );
  });

  it('ends for any rule', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1_000_000 }), anyRule, (samples, any) => {
        expect(sliceStarts(samples, any)[0]).toBe(0);
      }),
      { numRuns: 50 },
    );
  });

  it('gives a longer recording at least as many slices', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_000_000 }), fc.integer({ min: 0, max: 50_000 }), (samples, more) => {
        expect(sliceStarts(samples + more, rule).length).toBeGreaterThanOrEqual(sliceStarts(samples, rule).length);
      }),
    );
  });
});

it('cutSlices lays overlapping frames side by side', () => {
  const mel = { frames: 5, bands: 2, data: Float32Array.from([0, 1, 10, 11, 20, 21, 30, 31, 40, 41]) };
  expect([...cutSlices(mel, [0, 2], 3)]).toEqual([0, 1, 10, 11, 20, 21, 20, 21, 30, 31, 40, 41]);
});

import { uncertaintyOf } from '../testing/uncertainties.ts';
import { calibrateVariance, rawLogVariance, varianceOf } from './variance-head.ts';

/** Computed once by NumPy in float64, from the formula in the head's docstring. */
const computed = [
  {
    input: [1, 0, 2],
    log: [-3.854982911011435, -4.550260346665337],
    variance: [0.016405411208849384, 0.0074292590590315545],
  },
  {
    input: [-3, 4, 1.5],
    log: [-4.876960061731416, -1.5024272213898917],
    variance: [0.004325942520725582, 0.5270809070219765],
  },
  // Beyond the clamp at five deviations.
  {
    input: [100, -100, 100],
    log: [5.0000000003822915, -2.7500000015291635],
    variance: [9040.21307746431, 0.08281747275545469],
  },
];

describe('a variance head', () => {
  it.each(computed)('gives NumPy’s variances for $input', ({ input, log, variance }) => {
    const uncertainty = uncertaintyOf();
    for (const [d, value] of rawLogVariance(uncertainty.head, Float32Array.from(input)).entries())
      expect(value).toBeCloseTo(log[d] ?? 0, 10);
    const { kind, values } = varianceOf(uncertainty, Float32Array.from(input));
    expect(kind).toBe('diagonal');
    for (const [d, value] of values.entries()) expect(value / (variance[d] ?? 0)).toBeCloseTo(1, 6);
  });

  it('gives one number a sample where it is scalar and nothing is added, else one a dimension', () => {
    const head = {
      ...uncertaintyOf().head,
      kind: 'scalar',
      output: { weights: Float32Array.of(1, -0.5), bias: Float32Array.of(-4) },
    } as const;
    const bare = uncertaintyOf({ head, calibration: { a: 1, g: 1, c: 0, geometricMean: 1 } });
    expect(varianceOf(bare, Float32Array.of(1, 0, 2))).toMatchObject({ kind: 'scalar', values: { length: 1 } });
    expect(varianceOf(bare, Float32Array.of(1, 0, 2)).values[0]).toBeCloseTo(Math.exp(-3.854982911011435), 8);
    const floored = uncertaintyOf({ head, calibration: { a: 1, g: 1, c: 1, geometricMean: 1 } });
    const { kind, values } = varianceOf(floored, Float32Array.of(1, 0, 2));
    expect(kind).toBe('diagonal');
    expect((values[1] ?? 0) - (values[0] ?? 0)).toBeCloseTo(0.001, 6);
  });

  it('never gives a variance of 0', () => {
    const calibration = { ...uncertaintyOf().calibration, c: 0 };
    expect(
      [...calibrateVariance(calibration, 'diagonal', Float64Array.of(-1000, -1000)).values].every((value) => value > 0),
    ).toBe(true);
  });

  it('never gives a variance that float32 cannot hold', () => {
    const calibration = { ...uncertaintyOf().calibration, c: 0 };
    expect(calibrateVariance(calibration, 'diagonal', Float64Array.of(1000, 0)).values[0]).toBe(1e10);
    expect(calibrateVariance(calibration, 'scalar', Float64Array.of(1000)).values[0]).toBe(1e10);
    expect(calibrateVariance(calibration, 'scalar', Float64Array.of(-1000)).values[0]).toBe(Math.fround(1e-10));
  });

  it('is the clean variance alone where nothing of the head is taken', () => {
    const { values } = calibrateVariance(
      { ...uncertaintyOf().calibration, a: 0, c: 2 },
      'diagonal',
      Float64Array.of(1000, -1000),
    );
    expect([...values]).toEqual([0.002, 0.004].map((value) => expect.closeTo(value, 8)));
  });

  it('follows v = a · head^g · mean^(1-g) + c · w', () => {
    const within = Float32Array.of(0.125, 0.25);
    const calibration = { a: 0.5, g: 2, c: 4, geometricMean: 0.25, within };
    const { values } = calibrateVariance(calibration, 'diagonal', Float64Array.of(Math.log(0.5), Math.log(3)));
    // 0.5 · 0.25 / 0.25 + 4 · 0.125, and 0.5 · 9 / 0.25 + 4 · 0.25.
    expect([...values]).toEqual([1, 19].map((value) => expect.closeTo(value, 5)));
  });

  it('refuses input of another length', () => {
    expect(() => varianceOf(uncertaintyOf(), Float32Array.of(1, 2))).toThrow('reads 3 numbers and the model gives 2');
  });
});

import { uncertaintyOf } from '../testing/uncertainties.ts';
import { parseUncertainty, serialiseUncertainty } from './uncertainty-file.ts';
import { rawLogVariance } from './variance-head.ts';

const bytesOf = (text: string) => new TextEncoder().encode(text);
const changed = (change: (file: ReturnType<typeof JSON.parse>) => void) => {
  const file = JSON.parse(serialiseUncertainty(uncertaintyOf()));
  change(file);
  return bytesOf(JSON.stringify(file));
};
const floats = (...values: number[]) => Buffer.from(Float32Array.from(values).buffer).toString('base64');

const whole = serialiseUncertainty(uncertaintyOf());
const odd = Buffer.of(1).toString('base64');
const cutShort = Buffer.from(Float32Array.of(1, 1).buffer).subarray(0, 7).toString('base64');
const overflowing = bytesOf(
  serialiseUncertainty(
    uncertaintyOf({ head: { output: { weights: Float32Array.of(1, 65520, 1, 1), bias: Float32Array.of(0, 0) } } }),
  ),
);

describe('an uncertainty file', () => {
  it('survives a round trip', () => {
    expect(parseUncertainty(bytesOf(serialiseUncertainty(uncertaintyOf())), 2)).toEqual(uncertaintyOf());
  });

  it('rounds weights to float16 and nothing else', () => {
    const uneven = uncertaintyOf({
      head: { output: { weights: Float32Array.of(1 / 3, 1, 1, 1), bias: Float32Array.of(-1 / 3, 0) } },
    });
    const { head } = parseUncertainty(bytesOf(serialiseUncertainty(uneven)), 2);
    expect(head.output.weights[0]).toBe(0.333251953125);
    expect(head.output.bias[0]).toBe(Math.fround(-1 / 3));
  });

  it('changes no variance by more than the rounding of its weights can', () => {
    // 128 units of weights around 1: float16 rounds each by 2^-12 relative at most.
    const weights = Float32Array.from({ length: 128 }, (_, at) => Math.sin(at + 1));
    const wide = uncertaintyOf({
      head: {
        hidden: { weights: Float32Array.from({ length: 384 }, (_, at) => Math.cos(at) / 3), bias: weights },
        output: {
          weights: Float32Array.from({ length: 256 }, (_, at) => Math.sin(at) / 64),
          bias: Float32Array.of(-4, -5),
        },
      },
    });
    const stored = parseUncertainty(bytesOf(serialiseUncertainty(wide)), 2);
    const input = Float32Array.of(1, 0, 2);
    const [before, after] = [rawLogVariance(wide.head, input), rawLogVariance(stored.head, input)];
    for (const [d, value] of after.entries()) expect(Math.abs(value - (before[d] ?? 0))).toBeLessThan(2e-3);
    expect(after).not.toEqual(before);
  });

  it('can be as small as the weights are', () => {
    // 832 inputs, 128 units, 256 dimensions at two bytes a weight, a third more as base64.
    const head = {
      mean: new Float32Array(832),
      deviation: new Float32Array(832).fill(1),
      hidden: { weights: new Float32Array(832 * 128), bias: new Float32Array(128) },
      output: { weights: new Float32Array(128 * 256), bias: new Float32Array(256) },
    };
    expect(serialiseUncertainty(uncertaintyOf({ head })).length).toBeLessThan(400_000);
  });

  it.each<[string, Uint8Array, number, string]>([
    ['no JSON', bytesOf('{'), 2, 'is no JSON'],
    ['half of its bytes', bytesOf(whole.slice(0, whole.length / 2)), 2, 'is no JSON'],
    ['no object', bytesOf('null'), 2, 'restore it or fit again'],
    ['another format', changed((file) => (file.format = 'other')), 2, ': format: '],
    ['a key that is not known', changed((file) => (file.haed = 1)), 2, ': haed: unknown key; did you mean "head"?'],
    ['a part that is missing', changed((file) => delete file.population), 2, ': population: '],
    ['damaged base64', changed((file) => (file.head.output.bias = 'AA?A')), 2, ': head.output.bias: '],
    ['a kind that is none', changed((file) => (file.head.kind = 'full')), 2, ': head.kind: '],
    ['a negative scale', changed((file) => (file.calibration.a = -1)), 2, ': calibration.a: '],
    ['a number that JSON cannot hold', changed((file) => (file.calibration.g = Infinity)), 2, ': calibration.g: '],
    [
      'a geometric mean of 0',
      changed((file) => (file.calibration.geometricMean = 0)),
      2,
      ': calibration.geometricMean: ',
    ],
    ['another dimension', changed(() => undefined), 3, 'head.output.weights holds 4 numbers where 6 fit this model'],
    [
      'weights that are missing',
      changed((file) => (file.head.hidden.weights = '')),
      2,
      'weights holds 0 numbers where 6',
    ],
    [
      'no hidden unit',
      changed((file) => (file.head.hidden = { weights: '', bias: '' })),
      2,
      'head.hidden.bias holds 0',
    ],
    ['half a weight', changed((file) => (file.head.hidden.weights = odd)), 2, 'head.hidden.weights holds 1 numbers'],
    ['half a last mean', changed((file) => (file.population.mean = cutShort)), 2, 'population.mean[1] is NaN'],
    ['a weight beyond float16', overflowing, 2, 'head.output.weights[1] is Infinity, which is not finite'],
    ['a deviation of 0', changed((file) => (file.head.deviation = floats(1, 0, 1))), 2, 'head.deviation[1] is 0'],
    ['a variance of 0', changed((file) => (file.calibration.within = floats(1, 0))), 2, 'calibration.within[1] is 0'],
    [
      'a variance below 0',
      changed((file) => (file.calibration.within = floats(-1, 1))),
      2,
      'not above zero and finite',
    ],
    ['a population of one point', changed((file) => (file.population.between = floats(0, 1))), 2, 'between[0] is 0'],
    [
      'a mean that is no number',
      changed((file) => (file.population.mean = floats(Number.NaN, 1))),
      2,
      'mean[0] is NaN',
    ],
  ])('is refused with %s', (_, bytes, dimension, message) => {
    const act = () => parseUncertainty(bytes, dimension);
    expect(act).toThrow(
      expect.objectContaining({ code: 'failed-precondition', field: 'uncertainty', reason: 'MODEL_UNUSABLE' }),
    );
    expect(act).toThrow(message);
  });
});

import { uncertaintyOf } from '../testing/uncertainties.ts';
import { parseUncertainty, serialiseUncertainty } from './uncertainty-file.ts';

const bytesOf = (text: string) => new TextEncoder().encode(text);
const changed = (change: (file: ReturnType<typeof JSON.parse>) => void) => {
  const file = JSON.parse(serialiseUncertainty(uncertaintyOf()));
  change(file);
  return bytesOf(JSON.stringify(file));
};
const floats = (...values: number[]) => Buffer.from(Float32Array.from(values).buffer).toString('base64');

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

  it.each<[string, Uint8Array, number, string]>([
    ['no JSON', bytesOf('{'), 2, 'is no JSON'],
    ['another format', changed((file) => (file.format = 'other')), 2, 'Invalid input'],
    ['another dimension', changed(() => undefined), 3, 'does not fit a model of 3 dimensions'],
    ['weights that are missing', changed((file) => (file.head.hidden.weights = '')), 2, 'does not fit'],
    ['a deviation of 0', changed((file) => (file.head.deviation = floats(1, 0, 1))), 2, 'not above zero'],
    ['a variance of 0', changed((file) => (file.calibration.within = floats(1, 0))), 2, 'not above zero'],
    ['a population of one point', changed((file) => (file.population.between = floats(0, 1))), 2, 'not above zero'],
    ['a mean that is no number', changed((file) => (file.population.mean = floats(Number.NaN, 1))), 2, 'not finite'],
  ])('is refused with %s', (_, bytes, dimension, message) => {
    const act = () => parseUncertainty(bytes, dimension);
    expect(act).toThrow(
      expect.objectContaining({ code: 'failed-precondition', field: 'uncertainty', reason: 'MODEL_UNUSABLE' }),
    );
    expect(act).toThrow(message);
  });
});

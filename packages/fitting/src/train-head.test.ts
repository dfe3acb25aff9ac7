import { AffinisError, type HeadWeights, parseUncertainty, rawLogVariance, serialiseUncertainty } from '@affinis/core';
import * as tf from '@tensorflow/tfjs-core';
import { openMatrices } from './matrices.ts';
import { backward, type Network } from './network.ts';
import { createRawVariances, fillRawVariances } from './raw-variances.ts';
import { synthetic } from './testing/synthetic.ts';
import { trainHead } from './train-head.ts';

// Of 6 inputs none can be missed, so that leaving some out would teach a larger noise.
const quick = { hidden: 32, steps: 250, batch: 128, learningRate: 5e-3, dropout: 0 } as const;
const data = synthetic();
const count = data.subjects.length;

describe('a head', () => {
  it('recovers the logarithm of a noise that it was never told', async () => {
    const head = await trainHead(data, { ...quick, steps: 400 });
    const fresh = synthetic({ seed: 2 });
    // Where there is hardly any noise the loss adds a twentieth of a dimension's mean square, so that nothing collapses.
    const floor = (2e-4 * 256 * data.embeddings.slice(0, count * 16).reduce((sum, x) => sum + x * x, 0)) / (count * 16);
    const found: number[] = [];
    const known: number[] = [];
    for (let row = count; row < 4 * count; row += 7) {
      const logVariances = rawLogVariance(head, fresh.features.subarray(row * 6, row * 6 + 6));
      for (const [d, value] of logVariances.entries()) {
        found.push(value);
        known.push(Math.log(Math.exp(fresh.logNoise[row * 16 + d] as number) + floor));
      }
    }
    expect(correlation(found, known)).toBeGreaterThan(0.9);
    const bias = found.reduce((sum, value, index) => sum + value - (known[index] as number), 0) / found.length;
    expect(Math.abs(bias)).toBeLessThan(0.2);
  });

  it('gives one variance for all dimensions where it is scalar', async () => {
    const head = await trainHead(data, { ...quick, kind: 'scalar' });
    expect(head).toMatchObject({ kind: 'scalar', input: 'features' });
    expect(head.output.bias).toHaveLength(1);
    const found: number[] = [];
    const known: number[] = [];
    for (let row = count; row < 4 * count; row++) {
      found.push(rawLogVariance(head, data.features.subarray(row * 6, row * 6 + 6))[0] as number);
      const noise = data.logNoise.subarray(row * 16, row * 16 + 16);
      known.push(Math.log(noise.reduce((sum, logarithm) => sum + Math.exp(logarithm), 0) / 16));
    }
    expect(correlation(found, known)).toBeGreaterThan(0.9);
  });

  it('is computed alike by TensorFlow.js and by core, and survives its file', async () => {
    const head = await trainHead(data, { ...quick, steps: 60 });
    const raw = createRawVariances(data, 'diagonal');
    await fillRawVariances(
      raw,
      head,
      data,
      Int32Array.from({ length: 4 * count }, (_, row) => row),
    );
    const stored = throughFile(head);
    for (let row = 0; row < 4 * count; row += 5) {
      const input = data.features.subarray(row * 6, row * 6 + 6);
      const own = rawLogVariance(head, input);
      const read = rawLogVariance(stored, input);
      for (const [d, value] of own.entries()) {
        expect(Math.abs(value - (raw.logarithms[row * 16 + d] as number))).toBeLessThan(1e-4);
        expect(Math.abs(value - (read[d] as number))).toBeLessThan(2e-2);
      }
    }
  });

  it('reads the embedding where there are no features', async () => {
    const { features: _, ...plain } = data;
    expect(await trainHead(plain, { ...quick, steps: 2 })).toMatchObject({ input: 'embedding' });
  });

  it('is the same for the same seed and another for another, and leaves no tensor behind', async () => {
    await openMatrices();
    const before = tf.memory().numTensors;
    const heads = [];
    for (const seed of [3, 3, 4]) heads.push(await trainHead(data, { ...quick, steps: 30, seed }));
    expect(heads[1]).toEqual(heads[0]);
    expect(heads[2]?.hidden.weights).not.toEqual(heads[0]?.hidden.weights);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('leaves out copies that failed, whatever they hold', async () => {
    const embeddings = data.embeddings.map((value, at) =>
      at < (count + 5) * 16 || at >= (count + 9) * 16 ? value : NaN,
    );
    const failed = Uint8Array.from({ length: 4 * count }, (_, row) => (row >= count + 5 && row < count + 9 ? 1 : 0));
    const head = await trainHead({ ...data, embeddings, failed }, { ...quick, steps: 10 });
    expect(head.output.weights.every(Number.isFinite)).toBe(true);
  });

  it('stops where its signal says so', async () => {
    const controller = new AbortController();
    const training = trainHead(data, {
      ...quick,
      steps: 1_000_000,
      signal: controller.signal,
      onProgress: ({ done }) => done > 0 && controller.abort(),
    });
    await expect(training).rejects.toMatchObject({ code: 'cancelled' });
  });

  it.each([
    ['subjects', { subjects: new Int32Array(0) }],
    ['copies', { copies: 1 }],
    ['dimension', { dimension: 0 }],
    ['embeddings', { dimension: 17 }],
    ['features', { features: new Float32Array(7) }],
    ['failed', { failed: new Uint8Array(3) }],
    ['subjects[2]', { subjects: data.subjects.with(2, -1) }],
    ['embeddings[1][2][3]', { embeddings: data.embeddings.with((count + 2) * 16 + 3, Number.NaN) }],
    ['features[3][0][5]', { features: data.features.with(3 * count * 6 + 5, Number.POSITIVE_INFINITY) }],
  ])('refuses bad %s, by name', async (field, change) => {
    const refused = await trainHead({ ...data, ...change }, { steps: 1 }).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(AffinisError);
    expect(refused).toMatchObject({ code: 'invalid-argument', field, message: expect.stringContaining('[fitting] ') });
  });
});

describe('the gradient', () => {
  it('is what finite differences of the loss give', async () => {
    const matrices = await openMatrices();
    const values = (length: number, step: number) =>
      Float32Array.from({ length }, (_, at) => Math.sin(step * (at + 1)));
    const network: Network = {
      inputs: 4,
      hidden: 3,
      outputs: 2,
      parameters: [values(12, 1), values(3, 2), values(6, 3), values(2, 4)],
    };
    const [inputs, squares] = [values(20, 5), values(10, 6).map((value) => value ** 2)];
    const { gradients } = backward(matrices, network, inputs, squares);
    for (const [index, parameter] of network.parameters.entries())
      for (const [at, value] of parameter.entries()) {
        const lossAt = (moved: number) => {
          parameter[at] = moved;
          return backward(matrices, network, inputs, squares).loss;
        };
        const slope = (lossAt(value + 1e-2) - lossAt(value - 1e-2)) / 2e-2;
        parameter[at] = value;
        expect(gradients[index]?.[at]).toBeCloseTo(slope, 3);
      }
  });
});

function throughFile(head: HeadWeights): HeadWeights {
  const ones = new Float32Array(16).fill(1);
  const calibration = { a: 1, g: 1, c: 1, geometricMean: 1, within: ones };
  const text = serialiseUncertainty({ head, calibration, population: { mean: ones, between: ones } });
  return parseUncertainty(Buffer.from(text), 16).head;
}

function correlation(a: readonly number[], b: readonly number[]): number {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [meanA, meanB] = [mean(a), mean(b)];
  const sum = (of: (x: number, y: number) => number) =>
    a.reduce((total, x, at) => total + of(x - meanA, (b[at] as number) - meanB), 0);
  return sum((x, y) => x * y) / Math.sqrt(sum((x) => x * x) * sum((_, y) => y * y));
}

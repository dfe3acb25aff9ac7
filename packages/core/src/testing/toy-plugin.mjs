import { readFileSync } from 'node:fs';
import { threadId } from 'node:worker_threads';
import { AffinisError, defineEmbedder, defineMetric, definePlugin } from '@affinis/core';
import { z } from 'zod';

/** Plugin of the worker tests: an embedder that does what its options and its samples' texts say. */
const space = 'toy@1/0';

const parameters = z.strictObject({
  load: z.enum(['fine', 'refused', 'exit', 'throw']).default('fine'),
  /** `fitted`: with a population, and knows degradations. */
  uncertainty: z.enum(['none', 'plain', 'fitted']).default('plain'),
});

const description = {
  model: { name: 'toy', version: '1', sha256: '0'.repeat(64) },
  modality: 'toy',
  dimension: 2,
  space,
  unitNorm: true,
  uncertainty: 'diagonal',
  varianceId: 'toy-head',
  licence: 'none',
};

const described = {
  none: { ...description, uncertainty: 'none', varianceId: undefined },
  plain: description,
  fitted: {
    ...description,
    population: { mean: Float32Array.of(0.25, -0.25), between: Float32Array.of(0.5, 0.75) },
  },
};

async function create({ load, uncertainty }) {
  if (load === 'refused')
    throw new AffinisError('failed-precondition', '[toy] refused', { reason: 'REFUSED', field: 'load' });
  if (load === 'exit') process.exit(3);
  if (load === 'throw') throw new Error('secret of the plugin');
  return {
    description: described[uncertainty],
    async embed(samples, { features = false } = {}) {
      const results = await Promise.all(samples.map(embedOne));
      return features ? results.map(withFeatures) : results;
    },
    ...(uncertainty === 'fitted'
      ? {
          transform: async (samples, degradations = []) =>
            samples.map((sample, index) => transformed(sample, degradations[index])),
        }
      : {}),
  };
}

function withFeatures(result) {
  if (!result.ok) return result;
  const features = memory.subarray(0, 3);
  features.set([1, 2, 3]);
  return { ok: true, value: { ...result.value, features } };
}

/** Says what it would do to a text; takes the first byte off media, as a view. */
function transformed(sample, degradation) {
  if (sample.kind === 'media') return { ok: true, value: { kind: 'media', bytes: sample.bytes.subarray(1) } };
  if (sample.text === 'bad')
    return { ok: false, error: new AffinisError('invalid-argument', '[toy] bad sample', { field: 'text' }) };
  const text = degradation ? `${sample.text} ${degradation.recipe} ${degradation.seed}` : `${sample.text} canonical`;
  return { ok: true, value: { kind: 'text', text } };
}

async function embedOne(sample) {
  if (sample.kind === 'media')
    return embedded([1, 0], { tokens: sample.bytes.buffer.byteLength, sum: sample.bytes[0] });
  if (sample.kind === 'tensor')
    return embedded([1, 0], { tokens: sample.tensor.data.buffer.byteLength, sum: sample.tensor.data[0] });
  if (sample.kind === 'pcm')
    return embedded([1, 0], { tokens: sample.samples.buffer.byteLength, sum: sample.samples[0] });
  switch (sample.text) {
    case 'exit':
      return process.exit(7);
    case 'throw later':
      setImmediate(() => {
        throw new Error('thrown outside of any call');
      });
      return new Promise(() => undefined);
    case 'reject later':
      void Promise.reject(new Error('rejected outside of any call'));
      return new Promise(() => undefined);
    case 'leave a timer':
      setInterval(() => undefined, 1_000_000);
      return embedded([1, 0]);
    case 'gate':
      await gate();
      return embedded([0, 1]);
    case 'not a number':
      return embedded([Number.NaN, 1]);
    case 'other space':
      return {
        ok: true,
        value: {
          ...embedded([1, 0]).value,
          embedding: { mean: Float32Array.of(1, 0), unitNorm: true, space: 'x' },
        },
      };
    case 'bad':
      return {
        ok: false,
        error: new AffinisError('invalid-argument', '[toy] bad sample', { field: 'text', reason: 'BAD' }),
      };
    default:
      return embedded([1, 0]);
  }
}

/** Means are views into one large buffer, as an embedder that runs on WebAssembly memory hands them out. */
const memory = new Float32Array(1 << 16);
let next = 0;

function embedded([x, y], { tokens = threadId, sum = 0 } = {}) {
  next = (next + 2) % memory.length;
  const mean = memory.subarray(next, next + 2);
  mean.set([x, y]);
  const variance = { kind: 'diagonal', values: Float32Array.of(1, 1 + sum) };
  const embedding = { mean, variance, unitNorm: true, space, varianceId: 'toy-head' };
  const timings = { decodeMs: 0, prepareMs: 0, inferenceMs: 0 };
  return { ok: true, value: { embedding, info: { kind: 'text', tokens, truncated: false }, timings } };
}

/** Says that it waits, and waits until the test opens it. */
function gate() {
  const channel = new BroadcastChannel('affinis-toy-gate');
  return new Promise((resolve) => {
    channel.onmessage = ({ data }) => {
      if (data !== 'open') return;
      channel.close();
      resolve();
    };
    channel.postMessage('waiting');
  });
}

const dot = defineMetric({
  id: 'dot',
  description: 'Inner product',
  unit: 'none',
  parameters: z.strictObject({ factor: z.number().default(1) }),
  create: ({ factor }, population) => ({
    id: 'dot',
    polarity: 'similarity',
    needsVariance: false,
    scoreBlock(queries, references, scores) {
      const row = ({ means, dimension, start }, index) =>
        means.subarray((start + index) * dimension, (start + index + 1) * dimension);
      for (let q = 0; q < queries.count; q++)
        for (let r = 0; r < references.count; r++) {
          const b = row(references, r);
          const weight = (d) => factor * (population?.between[d] ?? 1);
          scores[q * references.count + r] = row(queries, q).reduce(
            (sum, value, d) => sum + weight(d) * value * b[d],
            0,
          );
        }
    },
  }),
});

/** Weighs by what a file says. */
const learned = defineMetric({
  id: 'learned',
  description: 'Inner product, weighed by a file',
  unit: 'none',
  parameters: z.strictObject({ file: z.string() }),
  files: ['file'],
  create: ({ file }) => ({ ...dot.create({ factor: Number(readFileSync(file, 'utf8')) }), id: 'learned' }),
});

/** Doubles another metric's scores. */
const twice = defineMetric({
  id: 'twice',
  description: 'Twice another metric',
  unit: 'none',
  parameters: z.strictObject({ of: z.string() }),
  wraps: ({ of }) => [of],
  create({ of }, _, context) {
    const inner = context.metric(of);
    return {
      ...inner,
      id: 'twice',
      scoreBlock(queries, references, scores) {
        inner.scoreBlock(queries, references, scores);
        for (const [at, score] of scores.entries()) scores[at] = 2 * score;
      },
    };
  },
});

export default definePlugin({
  name: 'toy',
  embedders: [defineEmbedder({ id: 'toy', description: 'for tests', parameters, create })],
  metrics: [dot, learned, twice],
});

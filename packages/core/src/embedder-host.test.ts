import { createEmbedderHost } from './embedder-host.ts';
import { AffinisError } from './errors.ts';
import type { Modality } from './modality.ts';
import type { SubmitOptions } from './scheduler.ts';
import { toyDescription } from './testing/toys.ts';

function hostWith(cost: Modality['cost']) {
  const submitted: SubmitOptions[] = [];
  const host = createEmbedderHost({
    name: 'toy',
    state: { available: true, description: toyDescription },
    modality: { id: 'text', open: () => Promise.reject(new Error('not here')), ...(cost ? { cost } : {}) },
    scheduler: {
      queued: 0,
      submit: (_, __, options) => {
        submitted.push(options);
        return Promise.reject(new AffinisError('resource-exhausted', '[core] full'));
      },
    },
  });
  return { host, submitted };
}

describe('embedder host', () => {
  it('tells the scheduler cost and size of each sample', async () => {
    const { host, submitted } = hostWith((sample) => (sample.kind === 'text' ? sample.text.length : 7));
    const { signal } = new AbortController();
    const results = await host.embed(
      [
        { kind: 'text', text: 'abc' },
        { kind: 'media', bytes: new Uint8Array(50).subarray(10, 20) },
        { kind: 'pcm', samples: new Float32Array(4), sampleRateHz: 8000, channels: 1 },
      ],
      signal,
    );
    expect(submitted).toEqual([
      { cost: 3, bytes: 6, signal },
      { cost: 7, bytes: 10, signal },
      { cost: 7, bytes: 16, signal },
    ]);
    expect(results.every((result) => !result.ok && result.error.code === 'resource-exhausted')).toBe(true);
  });

  it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])('counts a cost of %p as 1', async (cost) => {
    const { host, submitted } = hostWith(() => cost);
    await host.embed([{ kind: 'text', text: 'a' }]);
    expect(submitted[0]?.cost).toBe(1);
  });

  it('lets a sample whose cost cannot be told fail alone', async () => {
    const { host, submitted } = hostWith((sample) => {
      if (sample.kind === 'text' && sample.text === 'x') throw new TypeError('x');
      return 1;
    });
    const results = await host.embed([
      { kind: 'text', text: 'x' },
      { kind: 'text', text: 'y' },
    ]);
    expect(results).toMatchObject([{ error: { code: 'internal' } }, { error: { code: 'resource-exhausted' } }]);
    expect(submitted).toHaveLength(1);
  });

  it('says why it is not available', async () => {
    const error = new AffinisError('not-found', '[core] no model "m"; add it');
    const host = createEmbedderHost({
      name: 'face',
      state: { available: false, reason: error.message, error },
      modality: undefined,
      scheduler: { queued: 0, submit: () => Promise.reject(error) },
    });
    const expected = {
      code: 'failed-precondition',
      reason: 'EMBEDDER_UNAVAILABLE',
      message: '[core] embedder "face" is unavailable: [core] no model "m"; add it',
    };
    await expect(host.embed([])).rejects.toMatchObject(expected);
    expect(() => host.assertAvailable()).toThrow(expect.objectContaining(expected));
  });
});

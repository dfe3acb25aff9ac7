import { packBlock } from '../blocks.ts';
import type { Sample } from '../sample.ts';
import { closeAll, embed, gatekeeper, rejection, spec, started } from '../testing/pools.ts';
import { embeddingOf, textOf } from '../testing/toys.ts';
import type { MetricSpec } from './protocol.ts';

afterEach(closeAll);

describe('a pool', () => {
  it('loads an embedder into every thread, embeds and scores', async () => {
    const { pool } = started(2);
    await expect(pool.load(spec())).resolves.toMatchObject({
      model: { name: 'toy' },
      dimension: 2,
      varianceId: 'toy-head',
    });
    const gate = gatekeeper(2);
    const held = [embed(pool, textOf('gate')), embed(pool, textOf('gate'))];
    await gate.waiting;
    gate.open();
    for (const [result] of await Promise.all(held))
      expect(result).toMatchObject({ embedding: { mean: Float32Array.of(0, 1), unitNorm: true, space: 'toy@1/0' } });
    const [threadA, threadB] = (await Promise.all(held)).map(
      ([result]) => (result as { info: { tokens: number } }).info.tokens,
    );
    expect(threadA).not.toBe(threadB);

    const metric = { type: 'dot', parameters: { factor: 2 } };
    const queries = packBlock([embeddingOf([1, 2]), embeddingOf([3, 4])]);
    const references = packBlock([embeddingOf([5, 6])]);
    await expect(pool.score({ kind: 'score', metric, queries, references })).resolves.toEqual(Float64Array.of(34, 78));
    await expect(
      pool.score({ kind: 'score', metric: { type: 'no', parameters: {} }, queries, references }),
    ).rejects.toThrow('no metric "no"');
  });

  it('hands over a bad sample’s error beside its neighbours', async () => {
    const { pool } = started();
    await pool.load(spec());
    expect(await embed(pool, textOf('a'), textOf('bad'), textOf('b'))).toMatchObject([
      { timings: {} },
      { code: 'invalid-argument', message: '[toy] bad sample', field: 'text', reason: 'BAD' },
      { timings: {} },
    ]);
  });

  it.each(['not a number', 'other space'])('refuses an embedding that breaks its promise: %s', async (text) => {
    const { pool } = started();
    await pool.load(spec());
    const [bad, good] = await embed(pool, textOf(text), textOf('fine'));
    expect(bad).toMatchObject({ code: 'internal', reason: 'MODEL_OUTPUT' });
    expect(good).toMatchObject({ timings: {} });
  });

  it('tells of a fitted model’s population, and scores with one', async () => {
    const { pool } = started();
    const fitted = { ...spec(), options: { uncertainty: 'fitted' } };
    const { population: values } = await pool.load(fitted);
    expect(values).toEqual({ mean: Float32Array.of(0.25, -0.25), between: Float32Array.of(0.5, 0.75) });
    const block = packBlock([embeddingOf([1, 2])]);
    const scoreOf = (metric: MetricSpec) => pool.score({ kind: 'score', metric, queries: block, references: block });
    const bare = { type: 'dot', parameters: {} };
    const other = { mean: Float32Array.of(0, 0), between: Float32Array.of(2, 1) };
    expect(await scoreOf({ ...bare, population: { space: 'a', id: 'v', values: values ?? other } })).toEqual(
      Float64Array.of(3.5),
    );
    expect(await scoreOf({ ...bare, population: { space: 'a', id: 'w', values: other } })).toEqual(Float64Array.of(6));
    expect(await scoreOf(bare)).toEqual(Float64Array.of(5));
  });

  it('hands out features where asked, without the memory that they lie in', async () => {
    const { pool } = started();
    await pool.load(spec());
    const [plain] = await pool.embed('toy', [textOf('a')]);
    expect(plain).not.toHaveProperty('value.features');
    const results = await pool.embed('toy', [textOf('a'), textOf('bad')], { features: true });
    expect(results).toMatchObject([{ value: { features: Float32Array.of(1, 2, 3) } }, { ok: false }]);
    expect(results[0]).toHaveProperty('value.features.buffer.byteLength', 12);
  });

  it('transforms samples, each by the degradation beside it; a bad one fails alone', async () => {
    const { pool } = started();
    await pool.load({ ...spec(), options: { uncertainty: 'fitted' } });
    const media: Sample = { kind: 'media', bytes: Uint8Array.of(7, 8, 9) };
    const results = await pool.transform(
      'toy',
      [textOf('a'), textOf('bad'), textOf('b'), media],
      [undefined, undefined, { recipe: 'typos', seed: 3 }],
    );
    expect(results).toMatchObject([
      { ok: true, value: textOf('a canonical') },
      { ok: false, error: { code: 'invalid-argument', field: 'text' } },
      { ok: true, value: textOf('b typos 3') },
      { ok: true, value: { bytes: Uint8Array.of(8, 9) } },
    ]);
    expect(results[3]).toHaveProperty('value.bytes.buffer.byteLength', 2);
    expect(media).toHaveProperty('bytes.byteLength', 3);
    expect(await pool.transform('toy', [textOf('a')])).toEqual([{ ok: true, value: textOf('a canonical') }]);
  });

  it('refuses to transform where the embedder knows no degradations', async () => {
    const { pool } = started();
    await pool.load(spec());
    await expect(pool.transform('toy', [textOf('a')])).rejects.toMatchObject({ code: 'unimplemented' });
  });

  it('refuses an embedder that it has not loaded', async () => {
    const { pool } = started();
    await expect(pool.embed('other', [textOf('a')])).rejects.toMatchObject({ code: 'unavailable' });
  });
});

describe('payloads', () => {
  it('that are views do not take the buffer behind them along, and stay with the caller', async () => {
    const { pool } = started();
    await pool.load(spec());
    const message = new Uint8Array(1 << 20).fill(7);
    const bytes = message.subarray(1000, 1010);
    const floats = new Float32Array(1 << 18).subarray(5, 9);
    const results = await embed(
      pool,
      { kind: 'media', bytes },
      { kind: 'pcm', samples: floats, sampleRateHz: 1, channels: 1 },
    );
    expect(results).toMatchObject([
      { info: { tokens: 10 }, embedding: { variance: { values: Float32Array.of(1, 8) } } },
      { info: { tokens: 16 } },
    ]);
    expect(message.byteLength).toBe(1 << 20);
  });

  it('may be the same in one batch, and in two at once', async () => {
    const { pool } = started(2);
    await pool.load(spec());
    const sample: Sample = { kind: 'media', bytes: new Uint8Array(10).fill(7) };
    const view: Sample = { kind: 'media', bytes: (sample.bytes as Uint8Array).subarray(2, 5) };
    const [first, second] = await Promise.all([embed(pool, sample, sample, view), embed(pool, sample)]);
    expect(first).toMatchObject([{ info: { tokens: 10 } }, { info: { tokens: 10 } }, { info: { tokens: 3 } }]);
    expect(second).toMatchObject([{ info: { tokens: 10 } }]);
  });

  it('come back without the memory that an embedder keeps them in', async () => {
    const { pool } = started();
    await pool.load(spec());
    const [result] = await embed(pool, textOf('a'));
    expect((result as { embedding: { mean: Float32Array } }).embedding.mean.buffer.byteLength).toBe(8);
  });
});

describe('loading', () => {
  it('rejects with what the embedder says, and others still load', async () => {
    const { pool, events } = started(2);
    await expect(pool.load(spec('toy', 'refused'))).rejects.toMatchObject({
      code: 'failed-precondition',
      reason: 'REFUSED',
      field: 'load',
    });
    const error = await rejection(pool.load(spec('toy', 'throw')));
    expect(error).toMatchObject({ code: 'internal', cause: expect.stringContaining('secret of the plugin') });
    expect((error as Error).message).not.toContain('secret');
    await expect(pool.load(spec())).resolves.toBeDefined();
    expect(events).toEqual([]);
  });

  it('rejects options that the embedder’s schema refuses, with their field', async () => {
    const { pool } = started();
    await expect(pool.load({ ...spec(), options: { laod: 'fine' } })).rejects.toMatchObject({
      code: 'invalid-argument',
      field: 'options.laod',
      message: '[core] embedder "toy": options.laod: unknown key; did you mean "load"? Known keys: load, uncertainty',
    });
    await expect(pool.load({ ...spec(), source: { type: 'toi' } })).rejects.toThrow(
      'no embedder "toi"; the loaded plugins offer: toy',
    );
    await expect(pool.load({ ...spec(), source: { model: 'gone' } })).rejects.toMatchObject({ code: 'not-found' });
  });

  it('rejects where it ends the thread, and the next embedder loads into its successor', async () => {
    const { pool, seen } = started();
    await expect(pool.load(spec('broken', 'exit'))).rejects.toMatchObject({
      code: 'unavailable',
      reason: 'WORKER_LOST',
    });
    await expect(pool.load(spec())).resolves.toBeDefined();
    expect(await embed(pool, textOf('a'))).toMatchObject([{ timings: {} }]);
    expect(await seen('ended')).toMatchObject([{ worker: 0, restartInMs: 0 }]);
  });

  it('rejects with the cause where a plugin cannot be imported', async () => {
    const { pool, events } = started(1, { plugins: ['file:///nowhere/at/all/plugin.mjs'] });
    await expect(pool.load(spec())).rejects.toMatchObject({
      code: 'failed-precondition',
      message: expect.stringContaining('at/all/plugin.mjs cannot be imported'),
    });
    expect(events).toEqual([]);
  });

  it('does not hang where every thread ends as it starts, and waits longer each time', async () => {
    const failures: number[] = [];
    const { pool, seen } = started(1, {
      plugins: ['data:text/javascript,process.exit(9)'],
      restartDelayMs: (count) => failures.push(count) && 0,
    });
    await expect(pool.load(spec())).rejects.toMatchObject({ code: 'unavailable' });
    await expect(pool.load(spec('other'))).rejects.toMatchObject({ code: 'unavailable' });
    await seen('ended', 3);
    expect(failures.slice(0, 3)).toEqual([1, 2, 3]);
  });
});

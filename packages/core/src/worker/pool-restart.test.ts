import type { AffinisError } from '../errors.ts';
import { closeAll, embed, gatekeeper, rejection, spec, started } from '../testing/pools.ts';
import { textOf } from '../testing/toys.ts';

afterEach(closeAll);

describe('a thread that ends', () => {
  it.each(['exit', 'throw later', 'reject later'])(
    'by "%s" fails what it had in hand, and its successor holds its embedders',
    async (text) => {
      const { pool, seen } = started();
      await pool.load(spec());
      await pool.load(spec('second'));
      const [lost, alsoLost] = await Promise.all([
        rejection(embed(pool, textOf('gate'))),
        rejection(embed(pool, textOf(text))),
      ]);
      for (const error of [lost, alsoLost])
        expect(error).toMatchObject({ code: 'unavailable', reason: 'WORKER_LOST', retryAfterMs: 1000 });
      await seen('restarted');
      expect(await embed(pool, textOf('a'))).toMatchObject([{ timings: {} }]);
      await expect(pool.embed('second', [textOf('a')])).resolves.toHaveLength(1);
      const [ended] = await seen('ended');
      expect(ended?.kind === 'ended' && String((ended.error as AffinisError).cause)).toMatch(
        text === 'exit' ? /exit code 7/ : /outside of any call/,
      );
    },
  );

  it('leaves the work to the others; without others it is refused at once until one is back', async () => {
    const two = started(2, { restartDelayMs: () => 1_000_000 });
    await two.pool.load(spec());
    await rejection(embed(two.pool, textOf('exit')));
    for (let i = 0; i < 3; i++) expect(await embed(two.pool, textOf('a'))).toMatchObject([{ timings: {} }]);
    await rejection(embed(two.pool, textOf('exit')));
    await two.seen('ended', 2);
    await expect(embed(two.pool, textOf('a'))).rejects.toMatchObject({
      code: 'unavailable',
      reason: 'WORKERS_RESTARTING',
      retryAfterMs: 1000,
    });
  });

  it('keeps to embedders whose loading succeeded', async () => {
    const { pool, seen, events } = started();
    await pool.load(spec());
    await rejection(pool.load(spec('refused', 'refused')));
    await rejection(embed(pool, textOf('exit')));
    await seen('restarted');
    expect(events.map(({ kind }) => kind)).toEqual(['ended', 'restarted']);
  });

  it('while another embedder loads gets that one as well', async () => {
    const { pool, seen } = started(2);
    await pool.load(spec());
    const loading = pool.load(spec('second'));
    await Promise.all([rejection(embed(pool, textOf('exit'))), rejection(loading)]);
    await seen('restarted');
    await pool.load(spec('second'));
    await Promise.all([embed(pool, textOf('a')), pool.embed('second', [textOf('a')])]);
    await rejection(embed(pool, textOf('exit')));
    await seen('restarted', 2);
    for (let i = 0; i < 4; i++) await expect(pool.embed('second', [textOf('a')])).resolves.toHaveLength(1);
  });
});

describe('close', () => {
  it('waits for what is in hand and refuses what comes after', async () => {
    const { pool, events } = started();
    await pool.load(spec());
    const gate = gatekeeper(1);
    const held = embed(pool, textOf('gate'));
    await gate.waiting;
    let closed = false;
    const closing = pool.close().then(() => {
      closed = true;
    });
    await expect(embed(pool, textOf('a'))).rejects.toMatchObject({ code: 'unavailable', reason: 'STOPPING' });
    expect(closed).toBe(false);
    gate.open();
    expect(await held).toMatchObject([{ embedding: { mean: Float32Array.of(0, 1) } }]);
    await closing;
    await pool.close();
    expect(events).toEqual([]);
    await expect(pool.load(spec('late'))).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('during a restart ends at once, and so does what waited for it', async () => {
    const { pool, seen } = started(1, { restartDelayMs: () => 1_000_000 });
    await pool.load(spec());
    await rejection(embed(pool, textOf('exit')));
    await seen('ended');
    const loading = rejection(pool.load(spec('second')));
    await pool.close();
    expect(await loading).toMatchObject({ code: 'unavailable' });
  });

  it('ends a thread in which a plugin left a timer running', async () => {
    const { pool } = started();
    await pool.load(spec());
    await embed(pool, textOf('leave a timer'));
    await expect(pool.close()).resolves.toBeUndefined();
  });

  it('while an embedder loads settles both', async () => {
    const { pool } = started(2);
    const loading = pool.load(spec()).catch((error: unknown) => error);
    await pool.close();
    await expect(loading).resolves.toBeDefined();
  });
});

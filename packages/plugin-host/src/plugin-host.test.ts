import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createWorkerPool, type Embedded, packBlock, type Result, type Sample } from '@affinis/core';
import { lettersModule, withPlugin } from './testing/hosts.ts';

const text = (content: string): Sample => ({ kind: 'text', text: content });
const outcome = (result: Result<Embedded> | undefined) => {
  if (!result) throw new Error('no result');
  return result.ok ? [...result.value.embedding.mean] : result.error;
};
const within = (ms: number) => ({ deadline: performance.now() + ms });
/** Folders for sockets are made here, where no other test makes its own. */
const folder = mkdtempSync(join(tmpdir(), 'affinis-host-'));
const { TMPDIR } = process.env;
beforeAll(() => {
  process.env.TMPDIR = folder;
});
afterAll(() => {
  if (TMPDIR === undefined) delete process.env.TMPDIR;
  else process.env.TMPDIR = TMPDIR;
  rmSync(folder, { recursive: true });
});

describe('a plugin in a process of its own', () => {
  it('embeds as it does inside this process, sample by sample', async () => {
    const samples = ['abba', 'Zebra', '123', 'a man, a plan'].map(text);
    const pool = createWorkerPool(1, { plugins: [lettersModule], modelRoots: [], threads: 1 });
    const description = await pool.load({ name: 'letters', source: { type: 'letters' }, options: {} });
    const local = await pool.embed('letters', samples);
    await pool.close();
    await withPlugin({}, async ({ embedder }) => {
      const remote = await embedder();
      expect(remote.description).toEqual(description);
      const results = await remote.embed(samples, {});
      expect(results.map((result) => result.ok)).toEqual([true, true, false, true]);
      expect([0, 1, 3].map((at) => outcome(results[at]))).toEqual([0, 1, 3].map((at) => outcome(local[at])));
      expect(outcome(results[2])).toMatchObject({ code: 'invalid-argument', field: 'text' });
    });
  });

  it('scores pairs and blocks, and knows its parameters', async () => {
    await withPlugin({}, async ({ plugin, embedder, metric }) => {
      expect(plugin()?.metrics.map(({ id, needsParameters }) => [id, needsParameters])).toEqual([
        ['minkowski', true],
        ['overlap', false],
      ]);
      const embeddings = (await (await embedder({ unitNorm: false })).embed([text('aab'), text('abb')], {})).map(
        (result) => {
          if (!result.ok) throw result.error;
          return result.value.embedding;
        },
      );
      const [a, b] = embeddings;
      if (!a || !b) throw new Error('no embeddings');
      const minkowski = await metric('minkowski', { p: 1 });
      expect(minkowski).toMatchObject({ polarity: 'distance', needsVariance: false, unit: 'distance, 0 and up' });
      expect(await minkowski.remote.scorePair(a, b)).toEqual({ ok: true, value: 2 });
      const block = { block: packBlock(embeddings), space: a.space };
      expect([...(await minkowski.remote.scoreBlock(block, block))]).toEqual([0, 2, 2, 0]);
      const other = { ...b, space: 'another/space' };
      expect(await minkowski.remote.scorePair(a, other)).toMatchObject({ error: { code: 'failed-precondition' } });
      await expect(metric('minkowski', { p: 0 })).rejects.toMatchObject({ code: 'invalid-argument', field: 'p' });
      await expect(metric('minkowski', {})).rejects.toMatchObject({ code: 'invalid-argument', field: 'p' });
    });
  });

  it('leaves no process and no socket behind', async () => {
    let pid = 0;
    await withPlugin({}, async ({ status }) => {
      pid = status()?.pid ?? 0;
      expect(() => process.kill(pid, 0)).not.toThrow();
      expect(readdirSync(folder)).toHaveLength(1);
    });
    expect(() => process.kill(pid, 0)).toThrow('ESRCH');
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('a plugin process that fails', () => {
  it('is started again, and the call that it had in hand is asked for again', async () => {
    await withPlugin({ supervision: { backoffMs: 20 } }, async ({ status, embedder }) => {
      const remote = await embedder();
      const pid = status()?.pid ?? 0;
      const slow = remote.embed([text('!sleep 300')], within(10_000));
      const fast = remote.embed([text('ab'), text('abc')], within(10_000));
      process.kill(pid, 'SIGKILL');
      expect((await fast).map((result) => result.ok)).toEqual([true, true]);
      // Its letters are counted after the sleep.
      expect((await slow).map((result) => result.ok)).toEqual([true]);
      expect(status()).toMatchObject({ state: 'running', restarts: 1 });
      expect(status()?.pid).not.toBe(pid);
    });
  });

  it('loses a poisonous sample only, not its neighbours', async () => {
    await withPlugin({ supervision: { backoffMs: 20 } }, async ({ status, embedder }) => {
      const remote = await embedder();
      const results = await remote.embed(['ab', '!exit', 'abc'].map(text), within(20_000));
      expect(results.map((result) => result.ok)).toEqual([true, false, true]);
      expect(outcome(results[1])).toMatchObject({ code: 'unavailable', reason: 'PLUGIN_LOST' });
      expect(status()).toMatchObject({ restarts: 2 });
    });
  });

  it('is killed where it hangs, and waits for nobody', async () => {
    await withPlugin({ supervision: { backoffMs: 20 }, attemptTimeoutMs: 500 }, async ({ status, embedder }) => {
      const remote = await embedder();
      const [hung] = await remote.embed([text('!hang')], within(10_000));
      expect(outcome(hung)).toMatchObject({ code: 'unavailable', reason: 'PLUGIN_LOST' });
      expect((await remote.embed([text('ab')], within(10_000)))[0]?.ok).toBe(true);
      expect(status()?.lastError).toContain('taken for hung');
    });
  });

  it('is not killed where it is only slow', async () => {
    await withPlugin({ attemptTimeoutMs: 200 }, async ({ status, embedder }) => {
      const remote = await embedder();
      const [slow] = await remote.embed([text('!sleep 5000')], within(5000));
      expect(outcome(slow)).toMatchObject({ code: 'deadline-exceeded', reason: 'PLUGIN_SLOW' });
      expect(status()).toMatchObject({ state: 'running', restarts: 0 });
    });
  });

  it('has failed after so many ends, until it is restarted', async () => {
    await withPlugin(
      { supervision: { maxFailures: 3, backoffMs: 5 } },
      async ({ host, plugin, status, embedder, events }) => {
        const remote = await embedder();
        const poison = () => remote.embed([text('!exit')], within(10_000));
        await poison();
        await poison();
        expect(status()?.state).toBe('failed');
        const [refused] = await remote
          .embed([text('ab')], within(10_000))
          .catch((thrown: unknown) => [{ ok: false as const, error: thrown as never }]);
        expect(outcome(refused)).toMatchObject({ code: 'unavailable', reason: 'PLUGIN_FAILED' });
        expect(plugin()?.problem?.message).toContain('ended with code 7');
        await host.restart('letters');
        expect((await remote.embed([text('ab')], {}))[0]?.ok).toBe(true);
        expect(events.map(({ state }) => state)).toContain('failed');
      },
    );
  });

  it('may print what it likes', async () => {
    await withPlugin({}, async ({ embedder }) => {
      const remote = await embedder();
      expect((await remote.embed([text('!print 1048576')], {}))[0]?.ok).toBe(true);
      expect((await remote.embed([text('ab')], {}))[0]?.ok).toBe(true);
    });
  });

  it('fails a sample for which it gives no sound vector, or throws', async () => {
    await withPlugin({}, async ({ embedder, lines }) => {
      const remote = await embedder();
      const results = await remote.embed(['!nan', '!short', '!throw', 'ab'].map(text), {});
      expect(results.map((result) => (result.ok ? 'ok' : result.error.code))).toEqual([
        'internal',
        'internal',
        'internal',
        'ok',
      ]);
      expect(JSON.stringify(results)).not.toContain('author');
      expect(lines.join('\n')).toContain('an author’s own failure');
    });
  });

  it('is ended where it takes more memory than it may', async () => {
    await withPlugin({ maxMemory: '300MiB', supervision: { backoffMs: 20 } }, async ({ status, embedder }) => {
      const remote = await embedder();
      const [hoarded] = await remote.embed([text('!hoard 400')], within(20_000));
      expect(outcome(hoarded)).toMatchObject({ code: 'unavailable' });
      expect(status()?.lastError).toContain('maxMemory of 300MiB');
    });
  });
});

describe('a plugin that cannot be used', () => {
  const problem = async (config: object) => {
    let message = '';
    await withPlugin(config, async ({ plugin }) => {
      message = plugin()?.problem?.message ?? 'none';
      expect(plugin()?.embedders).toEqual([]);
    });
    return message;
  };

  it('is told with what to do where its program is not there', async () => {
    expect(await problem({ command: ['/no/such/program'] })).toContain('"/no/such/program" is not there');
  });

  it('is told with its last lines where it ends at once', async () => {
    const code = 'console.error("no model file"); process.exit(3)';
    await withPlugin({ command: [process.execPath, '-e', code] }, async ({ plugin }) => {
      expect(plugin()?.problem?.message).toContain('ended with code 3');
      expect(String(plugin()?.problem?.cause)).toContain('err no model file');
    });
  });

  it('is told where it is never ready', async () => {
    const command = [process.execPath, '-e', 'setInterval(() => {}, 1000)'];
    expect(await problem({ command, startTimeoutMs: 300 })).toContain('was not ready within 300 ms');
  });

  it('is told where nobody is at its address', async () => {
    expect(await problem({ address: '127.0.0.1:1' })).toContain('does not answer at 127.0.0.1:1');
  });

  it('is refused beyond this machine without certificates', async () => {
    await expect(problem({ address: 'example.org:443' })).rejects.toMatchObject({ reason: 'PLUGIN_WITHOUT_TLS' });
  });
});

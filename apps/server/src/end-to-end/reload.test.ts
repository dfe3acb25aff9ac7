import type { AffinisClient } from '@affinis/client';
import { anglesConfig, direction } from '../testing/angles.ts';
import { adminSection, withLiveServer } from '../testing/live-server.ts';
import { obedientConfig } from '../testing/obedient.ts';
import { outcomesOf, unwrap, unwrapAll } from '../testing/results.ts';
import { text } from '../testing/samples.ts';

/** Pipeline `cosine`, by whichever metric: two directions 60 degrees apart are 0.5 alike and 1 apart. */
const by = (metric: string, more = '') =>
  anglesConfig(`${adminSection}${more}`).replace(
    'cosine: { embedder: angles, metric: cosine, policy: { threshold: 0.9 } }',
    `cosine: { embedder: angles, metric: ${metric}, policy: { threshold: 0.9 } }`,
  );
const scores: Readonly<Record<string, number>> = { cosine: 0.5, euclidean: 1 };
const pair = { left: [direction(0)], right: [direction(60)] };
const ask = async (client: AffinisClient) => {
  const { pipeline, score } = unwrap((await client.verify([pair], { pipeline: 'cosine' }))[0]);
  return { metric: pipeline.metric.name, score };
};

describe('a metric that is swapped', () => {
  it('while calls come in: none fails, and each has the score of the metric that it names', async () => {
    await withLiveServer(by('cosine'), async ({ server: { client }, folder, admin }) => {
      const answers: { metric: string; score: number }[] = [];
      let stopped = false;
      const asking = Array.from({ length: 8 }, async () => {
        while (!stopped) answers.push(await ask(client));
      });
      for (let swap = 1; swap <= 10; swap++) {
        const metric = swap % 2 === 0 ? 'cosine' : 'euclidean';
        folder.replace('affinis.yaml', by(metric));
        await admin.reload();
        expect(await ask(client)).toEqual({ metric, score: expect.closeTo(scores[metric] ?? 0, 6) });
      }
      stopped = true;
      await Promise.all(asking);
      expect(new Set(answers.map(({ metric }) => metric))).toEqual(new Set(['cosine', 'euclidean']));
      for (const { metric, score } of answers) expect(score).toBeCloseTo(scores[metric] ?? 0, 6);
    });
  });

  it('is taken by the items of a stream that come after it, and the stream goes on', async () => {
    await withLiveServer(by('cosine'), async ({ server: { client }, folder, admin }) => {
      const metrics: string[] = [];
      let answered: (() => void) | undefined;
      async function* items() {
        for (const [id, metric] of ['cosine', 'euclidean', 'cosine'].entries()) {
          folder.replace('affinis.yaml', by(metric));
          await admin.reload();
          const next = new Promise<void>((resolve) => {
            answered = resolve;
          });
          yield { id: String(id), ...pair };
          await next;
        }
      }
      for await (const { result } of client.verifyStream(items(), { pipeline: 'cosine' })) {
        metrics.push(unwrap(result).pipeline.metric.name);
        answered?.();
      }
      expect(metrics).toEqual(['cosine', 'euclidean', 'cosine']);
    });
  });

  it('is not taken by an item that has begun', async () => {
    const config = (metric: string) =>
      obedientConfig(adminSection).replace('metric: cosine', `metric: ${metric}, policy: { threshold: 0.5 }`);
    await withLiveServer(config('cosine'), async ({ server: { client }, folder, admin }) => {
      const slow = client.verify([{ left: [text('sleep 1500')], right: [text('a')] }], { pipeline: 'toy' });
      let ended = false;
      void slow.then(() => {
        ended = true;
      });
      // It has been answered over the same connection, so the slow one has begun.
      await client.listPipelines();
      folder.replace('affinis.yaml', config('euclidean'));
      await admin.reload();
      const quick = await client.verify([{ left: [text('c')], right: [text('d')] }], { pipeline: 'toy' });
      expect([ended, unwrap(quick[0]).pipeline.metric.name]).toEqual([false, 'euclidean']);
      expect(unwrap((await slow)[0]).pipeline.metric.name).toBe('cosine');
    });
  });
});

describe('a pipeline that is gone', () => {
  it('is NOT_FOUND for the items of a stream that began with it, one by one', async () => {
    await withLiveServer(by('cosine'), async ({ server: { client }, folder, admin }) => {
      const outcomes: string[] = [];
      let answered: (() => void) | undefined;
      async function* items() {
        for (const id of ['before', 'after']) {
          if (id === 'after') {
            folder.replace('affinis.yaml', by('cosine').replace(/^ {2}euclidean:.*$/m, ''));
            expect((await admin.reload()).changes).toEqual([expect.stringContaining('pipelines.euclidean: removed')]);
          }
          const next = new Promise<void>((resolve) => {
            answered = resolve;
          });
          yield { id, ...pair };
          await next;
        }
      }
      for await (const { result } of client.verifyStream(items(), { pipeline: 'euclidean' })) {
        outcomes.push(...outcomesOf([result]));
        answered?.();
      }
      expect(outcomes).toEqual(['ok', 'NO_PIPELINE']);
    });
  });
});

describe('a gallery', () => {
  it('keeps its templates and is searched by what is configured now', async () => {
    await withLiveServer(by('cosine'), async ({ server: { client }, folder, admin }) => {
      const reload = async (config: string) => {
        folder.replace('affinis.yaml', config);
        await admin.reload();
      };
      const search = async () => {
        const [found] = unwrapAll(await client.identify('staff', [[direction(60)]]));
        return { metric: found?.pipeline.metric.name, score: found?.candidates[0]?.score };
      };
      await client.createGallery('staff', 'cosine');
      unwrapAll(await client.enroll('staff', [{ templateId: 'ann', samples: [direction(0)] }]));
      expect(await search()).toEqual({ metric: 'cosine', score: expect.closeTo(0.5, 6) });
      await reload(by('euclidean'));
      expect(await search()).toEqual({ metric: 'euclidean', score: expect.closeTo(1, 6) });
      // A metric without a scan form is searched in the workers.
      await reload(by('dot'));
      expect(await search()).toEqual({ metric: 'dot', score: expect.closeTo(0.5, 6) });
      await reload(
        by('cosine').replace('angles: { type: angles }', 'angles: { type: angles, options: { space: new/1 } }'),
      );
      await expect(search()).rejects.toMatchObject({
        code: 'failed-precondition',
        reason: 'OTHER_MODEL',
        message: expect.stringContaining('affinis gallery migrate staff'),
      });
      await reload(by('cosine'));
      expect(await search()).toEqual({ metric: 'cosine', score: expect.closeTo(0.5, 6) });
    });
  });
});

describe('workers', () => {
  it('are the same after a swap, and others where their number changes; calls go on', async () => {
    const config = (count: number) => obedientConfig(adminSection).replace('count: 1', `count: ${count}`);
    await withLiveServer(config(1), async ({ server: { client }, folder, admin }) => {
      const thread = async () => {
        const [answer] = unwrapAll(await client.embed([text('thread')], { embedder: 'toy' }));
        return answer?.info?.kind === 'text' ? answer.info.tokens : undefined;
      };
      const first = await thread();
      folder.replace('affinis.yaml', `${config(1)}\nbatching: { maxItems: 3 }\n`);
      expect((await admin.reload()).changes).toEqual(['batching.maxItems: 16 → 3']);
      expect(await thread()).toBe(first);
      const slow = client.embed([text('sleep 1000')], { embedder: 'toy' });
      folder.replace('affinis.yaml', config(2));
      expect((await admin.reload()).changes).toEqual(['workers.count: 1 → 2', 'batching.maxItems: 3 → 16']);
      expect(await thread()).not.toBe(first);
      expect(outcomesOf(await slow)).toEqual(['ok']);
    });
  });
});

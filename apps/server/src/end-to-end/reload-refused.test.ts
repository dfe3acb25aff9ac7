import { chmodSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { anglesConfig, direction } from '../testing/angles.ts';
import type { ChangingFolder } from '../testing/changing-config.ts';
import { adminSection, type LiveServer, withLiveServer } from '../testing/live-server.ts';
import { errorOf, outcomesOf } from '../testing/results.ts';

const good = anglesConfig(adminSection).replace('plugins: [', 'plugins: ["@affinis/metric-combinators", ');
const pair = { left: [direction(0)], right: [direction(60)] };
const refused = 'configuration refused; the one before goes on serving';

const bad: readonly [name: string, change: (folder: ChangingFolder) => void, code: string, said: readonly string[]][] =
  [
    ['no YAML', replace(`${good}server: { port: ]`), 'invalid-argument', ['affinis.yaml:']],
    [
      'an unknown field',
      replace(`${good}server: { prot: 1 }\n`),
      'invalid-argument',
      ['server.prot', 'did you mean "port"'],
    ],
    [
      'half of it',
      replace(good.slice(0, good.indexOf('metric: euclidean') + 10)),
      'invalid-argument',
      ['affinis.yaml:'],
    ],
    ['nothing', replace(' \n'), 'invalid-argument', ['affinis.yaml', 'is blank']],
    [
      'metrics that wrap each other',
      replace(`${good}metrics:\n  a: ${fusionOf('b')}\n  b: ${fusionOf('a')}\n`),
      'invalid-argument',
      ['affinis.yaml:', 'metrics.a.parameters', '"a" > "b" > "a" wraps itself'],
    ],
    [
      'a composite of composites',
      replace(
        good.replace(
          'defaults:',
          '  one: { composite: [cosine, other] }\n  two: { composite: [one, cosine] }\ndefaults:',
        ),
      ),
      'invalid-argument',
      ['pipelines.two.composite', 'no single pipeline "one"'],
    ],
    [
      'an unknown metric',
      replace(good.replace('metric: dot, policy', 'metric: dott, policy')),
      'invalid-argument',
      ['affinis.yaml:', 'pipelines.dot.metric', 'dott'],
    ],
    [
      'a plugin that is not there',
      replace(good.replace('plugins: [', 'plugins: ["@affinis/telepathy", ')),
      'failed-precondition',
      ['@affinis/telepathy', 'npm install'],
    ],
    [
      'a model that is not there',
      replace(good.replace('angles: { type: angles }', 'angles: { model: none-such }')),
      'failed-precondition',
      ['affinis.yaml:', 'pipeline "cosine" would be unavailable', 'none-such'],
    ],
    [
      'tokens that are not there',
      replace(`${good}server: { tokensFile: gone }\n`),
      'invalid-argument',
      ['server.tokensFile'],
    ],
    [
      'an open door',
      replace(good.replace('tokensFile: admin-token', 'host: 127.0.0.1')),
      'invalid-argument',
      ['admin', 'never open to everybody'],
    ],
    [
      'no file',
      (folder) => rmSync(join(folder.path, 'affinis.yaml')),
      'invalid-argument',
      ['affinis.yaml', 'cannot be read'],
    ],
    [
      'what cannot be read',
      (folder) => {
        renameSync(join(folder.path, 'affinis.yaml'), join(folder.path, 'former'));
        mkdirSync(join(folder.path, 'affinis.yaml'));
        chmodSync(join(folder.path, 'affinis.yaml'), 0);
      },
      'invalid-argument',
      ['affinis.yaml', 'cannot be read'],
    ],
  ];

/** Scores as the metric that it wraps, and another. */
function fusionOf(metric: string): string {
  return `{ type: score-fusion, parameters: { metrics: [{ metric: ${metric}, weight: 1 }, { metric: cosine, weight: 1 }] } }`;
}

function replace(text: string) {
  return (folder: ChangingFolder) => folder.replace('affinis.yaml', text);
}

const serves = async ({ server: { client } }: LiveServer) => {
  const names = (await client.listPipelines()).map(({ name }) => name);
  expect(names).toEqual(['cosine', 'euclidean', 'dot', 'raw', 'unsure', 'unsure-cosine', 'other']);
  expect(outcomesOf(await client.verify([pair], { pipeline: 'cosine' }))).toEqual(['ok']);
};

describe('a configuration that is wrong changes nothing and is refused with what to mend', () => {
  it('by the watch and by Reload alike, and the next that is right is taken', async () => {
    await withLiveServer(good, async (live) => {
      const { server, admin, folder, configure } = live;
      for (const [name, change, code, said] of bad) {
        const from = server.log.length;
        change(folder);
        const logged = await server.logged(refused, from);
        const error = await errorOf(admin.reload());
        expect({ name, code: error.code }).toEqual({ name, code });
        for (const part of said) expect(error.message).toContain(part);
        expect(logged).toMatchObject({ level: 50, problem: error.message, field: error.field });
        await serves(live);
        rmSync(join(folder.path, 'affinis.yaml'), { recursive: true, force: true });
        expect(await configure(good)).toMatchObject({ msg: 'configuration reloaded', changes: [] });
      }
      await serves(live);
    });
  }, 90_000);
});

describe('what was unavailable at the start', () => {
  it('keeps nothing else from changing, and serves once it is mended', async () => {
    const broken = good
      .replace('defaults:', '  absent: { embedder: absent, metric: cosine }\ndefaults:')
      .replace('embedders:', 'embedders:\n  absent: { model: none-such }');
    await withLiveServer(broken, async ({ server: { client }, configure }) => {
      expect(await client.health('pipelines/absent')).toBe('not-serving');
      expect(await configure(broken.replace('threshold: 0.45', 'threshold: 0.5'))).toMatchObject({
        changes: ['pipelines.euclidean.policy.threshold: 0.45 → 0.5'],
      });
      expect(await configure(broken.replace('{ model: none-such }', '{ type: angles }'))).toMatchObject({
        changes: expect.arrayContaining(['pipelines.absent: available again']),
      });
      expect(await client.health('pipelines/absent')).toBe('serving');
    });
  });
});

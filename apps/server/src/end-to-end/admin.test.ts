import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createAdminClient, createAffinisClient, type ReloadAnswer } from '@affinis/client';
import { v1 } from '@affinis/contracts';
import { credentials } from '@grpc/grpc-js';
import { parse } from 'yaml';
import { anglesConfig, direction } from '../testing/angles.ts';
import { makeCertificates } from '../testing/certificates.ts';
import { createChangingFolder } from '../testing/changing-config.ts';
import { adminSection, adminToken, withLiveServer } from '../testing/live-server.ts';
import { obedientConfig } from '../testing/obedient.ts';
import { createRawClient } from '../testing/raw-client.ts';
import { reflect } from '../testing/reflection-client.ts';
import { errorOf, outcomesOf } from '../testing/results.ts';
import { text } from '../testing/samples.ts';
import { failedStart, withServer } from '../testing/use-server.ts';

const pair = { left: [direction(0)], right: [direction(60)] };
const fragilePlugin = fileURLToPath(new URL('../testing/fragile-plugin.mjs', import.meta.url));
const secretPlugin = fileURLToPath(new URL('../testing/secret-plugin.mjs', import.meta.url));

describe('the admin port', () => {
  it('is there only where it is configured, and never without authentication', async () => {
    await withServer({ config: obedientConfig() }, async ({ admin, raw }) => {
      expect(admin).toBe('');
      expect(await errorOf(raw.unary(v1.AdminService.listModels, {}))).toMatchObject({ code: 'unimplemented' });
    });
    for (const [section, said] of [
      ['admin: { port: 0 }', 'never open to everybody'],
      ['admin: { port: 0, tokensFile: none }', 'admin.tokensFile'],
      ['admin: { port: 0, host: 0.0.0.0, tokensFile: none }', 'admin'],
    ] as const)
      expect(await failedStart({ config: obedientConfig(section) })).toContain(said);
  });

  it('takes its own tokens and no others, and serves nothing else', async () => {
    const config = obedientConfig(`${adminSection}server: { tokensFile: tokens }\n`);
    const prepare = ({ path }: { path: string }) => writeFileSync(join(path, 'tokens'), 'user-token-77\n');
    await withLiveServer(
      config,
      async ({ server, admin }) => {
        expect(await admin.listModels()).toHaveLength(1);
        for (const token of [undefined, 'user-token-77', `${adminToken}x`]) {
          const other = createAdminClient({
            address: server.admin,
            ...(token === undefined ? {} : { token }),
            retry: false,
          });
          for (const call of [other.listModels(), other.reload(), other.getConfig(), other.unloadModel('toy')])
            expect(await errorOf(call)).toMatchObject({ code: 'unauthenticated' });
          other.close();
        }
        const user = createAffinisClient({ address: server.address, token: adminToken, retry: false });
        expect(await errorOf(user.listPipelines())).toMatchObject({ code: 'unauthenticated' });
        user.close();
        const lost = createAffinisClient({ address: server.admin, token: adminToken, retry: false });
        expect(await errorOf(lost.listPipelines())).toMatchObject({ code: 'unimplemented' });
        expect(await lost.health('affinis.v1.Admin')).toBe('serving');
        lost.close();
        expect(JSON.stringify(server.log)).not.toContain('token-77');
      },
      prepare,
    );
  });

  it('is not told of by the reflection of the other port', async () => {
    await withLiveServer(obedientConfig(adminSection), async ({ server }) => {
      const [answer] = await reflect(server.address, [{ listServices: '' }]);
      const names = answer?.listServicesResponse?.service.map(({ name }) => name) ?? [];
      expect(names).not.toContain('affinis.v1.Admin');
      expect(names).toContain('affinis.v1.Similarity');
    });
  });

  it('takes client certificates instead of tokens', async () => {
    const { folder, read } = makeCertificates();
    const config = obedientConfig('admin: { port: 0, tls: { cert: server.crt, key: server.key, clientCa: ca.crt } }');
    await withServer({ folder, config }, async ({ admin }) => {
      const list = (name: string) => {
        const raw = createRawClient(
          admin,
          credentials.createSsl(read('ca.crt'), read(`${name}.key`), read(`${name}.crt`)),
        );
        return raw.unary(v1.AdminService.listModels, {}, { deadlineMs: 3000 }).finally(() => raw.close());
      };
      expect((await list('client')).models).toHaveLength(1);
      await errorOf(list('stranger'));
    });
  });
});

describe('Reload', () => {
  it('as a dry run says what would change and changes nothing', async () => {
    const config = anglesConfig(`${adminSection}server: { watch: false }\n`);
    await withLiveServer(config, async ({ server, admin, folder }) => {
      const next = config
        .replace('cosine: { embedder: angles, metric: cosine', 'cosine: { embedder: angles, metric: euclidean')
        .replace('other: { type: angles, options: { space: other/1', 'other: { type: angles, options: { space: other/2')
        .replace(/^ {2}raw:.*$/m, '  more: { embedder: other, metric: cosine, policy: { threshold: 0.5 } }')
        .replace('watch: false', 'watch: false, maxConnections: 9');
      const expected = {
        changes: [
          // A plugin without a schema: whatever it is given may be a secret.
          expect.stringMatching(/^embedders\.other\.options\.space: \(secret \d+\) → \(secret \d+\)$/),
          'pipelines.cosine.metric: cosine → euclidean',
          'pipelines.more: added: {"embedder":"other","metric":"cosine","policy":{"threshold":0.5},"prior":0.5,"fusion":"mean"}',
          'pipelines.raw: removed (was {"embedder":"angles","metric":"dot","prior":0.5,"fusion":"mean"})',
        ],
        afterRestart: ['server.maxConnections: 256 → 9'],
      };
      const sorted = ({ changes, afterRestart }: ReloadAnswer) => ({ changes: [...changes].sort(), afterRestart });
      const metricNow = async () => (await server.client.verify([pair], { pipeline: 'cosine' }))[0];

      expect(sorted(await admin.tryReload({ config: next }))).toEqual(expected);
      folder.replace('affinis.yaml', next);
      await server.logged('configuration changed; not watched: reload by SIGHUP or affinis admin reload');
      expect(sorted(await admin.tryReload())).toEqual(expected);
      expect(await metricNow()).toMatchObject({ value: { pipeline: { metric: { name: 'cosine' } } } });

      const wrong = await errorOf(admin.tryReload({ config: 'server: { prot: 1 }' }));
      expect(wrong).toMatchObject({ code: 'invalid-argument', field: 'server.prot' });
      expect(wrong.message).toContain('config:1:11');

      expect(sorted(await admin.reload())).toEqual(expected);
      expect(await metricNow()).toMatchObject({ value: { pipeline: { metric: { name: 'euclidean' } } } });
      expect((await admin.tryReload()).changes).toEqual([]);
    });
  });

  it('takes no text but to try it', async () => {
    await withLiveServer(obedientConfig(adminSection), async ({ server }) => {
      const raw = createRawClient(server.admin);
      const metadata = { authorization: `Bearer ${adminToken}` };
      const error = await errorOf(raw.unary(v1.AdminService.reload, { dryRun: false, config: '{}' }, { metadata }));
      raw.close();
      expect(error).toMatchObject({ code: 'invalid-argument', reason: 'DRY_RUN_ONLY' });
    });
  });
});

describe('GetConfig', () => {
  it('gives what is in effect, without secrets, and Reload hides them as well', async () => {
    const config = (code: string) =>
      obedientConfig(adminSection)
        .replace('plugins: [', `plugins: [${JSON.stringify(secretPlugin)}, `)
        .replace(
          'defaults:',
          `metrics: { safe: { type: guarded, parameters: { code: ${code}, level: 2 } } }\ndefaults:`,
        );
    await withLiveServer(config('hush-1'), async ({ admin, server, configure }) => {
      const yaml = await admin.getConfig();
      expect(yaml).not.toContain('hush');
      expect(parse(yaml)).toMatchObject({
        metrics: { safe: { type: 'guarded', parameters: { code: '(secret)', level: 2 } } },
        pipelines: { toy: { embedder: 'toy', metric: 'cosine', prior: 0.5 } },
        server: { maxBatchItems: 256 },
      });
      expect(await configure(config('hush-2'))).toMatchObject({
        changes: ['metrics.safe.parameters.code: (secret 1) → (secret 2)'],
      });
      expect(JSON.stringify(server.log)).not.toContain('hush');
    });
  });
});

describe('models', () => {
  it('are unloaded and loaded; health and answers tell, and the rest serves on', async () => {
    await withLiveServer(anglesConfig(adminSection), async ({ server: { client, log }, admin, configure }) => {
      const states: string[] = [];
      let next: ((state: string) => void) | undefined;
      const told = () =>
        new Promise<string>((resolve) => {
          next = resolve;
        });
      const first = told();
      const watching = (async () => {
        for await (const state of client.watch('pipelines/other')) {
          states.push(state);
          next?.(state);
          if (states.length === 4) return;
        }
      })();
      expect(await first).toBe('serving');

      let change = told();
      expect(await admin.unloadModel('other')).toMatchObject([
        { embedder: 'other', state: 'unloaded', workers: 0, pipelines: ['other'] },
      ]);
      expect(await change).toBe('not-serving');
      const error = await errorOf(client.embed([text('60')], { embedder: 'other' }));
      expect(error).toMatchObject({ code: 'failed-precondition', reason: 'EMBEDDER_UNAVAILABLE' });
      expect(error.message).toContain('affinis admin load other');
      expect(await errorOf(client.verify([pair], { pipeline: 'other' }))).toMatchObject({
        code: 'failed-precondition',
        reason: 'PIPELINE_UNAVAILABLE',
      });
      expect(outcomesOf(await client.verify([pair], { pipeline: 'cosine' }))).toEqual(['ok']);

      // A reload leaves it so.
      await configure(anglesConfig(`${adminSection}batching: { maxItems: 4 }`));
      expect(await client.health('pipelines/other')).toBe('not-serving');

      change = told();
      expect(await admin.loadModel('other')).toMatchObject([{ state: 'loaded', workers: 1, reference: 'angles' }]);
      expect(await change).toBe('serving');
      expect(outcomesOf(await client.embed([text('60')], { embedder: 'other' }))).toEqual(['ok']);

      await configure(anglesConfig(adminSection).replace(/^ {2}other: \{ embedder.*$/m, ''));
      await watching;
      expect(states).toEqual(['serving', 'not-serving', 'serving', 'unknown']);
      expect(log).toContainEqual(expect.objectContaining({ msg: 'models unloaded', embedders: ['other'] }));
    });
  });

  it('are unloaded after what is in hand for them', async () => {
    await withLiveServer(obedientConfig(adminSection), async ({ server: { client }, admin }) => {
      const slow = client.embed([text('sleep 1000')], { embedder: 'toy' });
      await client.listPipelines();
      await admin.unloadModel('toy');
      expect(outcomesOf(await slow)).toEqual(['ok']);
      await admin.loadModel('toy');
      expect(outcomesOf(await client.embed([text('a')], { embedder: 'toy' }))).toEqual(['ok']);
    });
  });

  it('that end their thread are not tried again by a reload, but by LoadModel', async () => {
    const config = (file: string) =>
      obedientConfig(`${adminSection}server: { watch: false }\n`)
        .replace('plugins: [', `plugins: [${JSON.stringify(fragilePlugin)}, `)
        .replace(
          'toy: { type: obedient }',
          `toy: { type: obedient }, fragile: { type: fragile, options: { file: ${file} } }`,
        )
        .replace('toy: { embedder: toy', 'fragile: { embedder: fragile, metric: cosine }, toy: { embedder: toy');
    const home = createChangingFolder();
    try {
      const file = join(home.path, 'there');
      writeFileSync(file, '');
      await withLiveServer(config(file), async ({ server: { client, log }, admin, folder }) => {
        const ends = () => log.filter(({ msg, kind }) => msg === 'worker thread' && kind === 'ended').length;
        expect(ends()).toBe(1);
        folder.replace('affinis.yaml', `${config(file)}batching: { maxItems: 2 }\n`);
        expect((await admin.reload()).changes).toEqual(['batching.maxItems: 16 → 2']);
        expect(await admin.listModels()).toMatchObject([{ state: 'loaded' }, { state: 'failed' }]);
        expect(ends()).toBe(1);
        expect(await errorOf(admin.loadModel('fragile'))).toMatchObject({ code: 'failed-precondition' });
        expect(ends()).toBe(2);
        rmSync(file);
        expect(await admin.loadModel('fragile')).toMatchObject([{ state: 'loaded' }]);
        expect(outcomesOf(await client.embed([text('a')], { embedder: 'fragile' }))).toEqual(['ok']);
      });
    } finally {
      home.remove();
    }
  });

  it('that ship are known by name, with the bytes of their artefacts', async () => {
    const config = `${adminSection}embedders: { voice: null, face: null }\npipelines: { ${[
      'face',
      'face-cosine',
      'face-euclidean',
      'face-mls',
      'face-mls-llr',
      'voice',
      'voice-cosine',
      'voice-mls',
      'voice-mls-llr',
    ]
      .map((name) => `${name}: null`)
      .join(', ')} }\ndefaults: { image: text, voice: text }\n`;
    await withLiveServer(config, async ({ admin, server: { client } }) => {
      const [model] = await admin.listModels();
      expect(model).toMatchObject({
        embedder: 'text',
        reference: 'text-student',
        state: 'loaded',
        model: { name: 'text-student' },
        pipelines: ['text', 'text-cosine', 'text-mls', 'text-mls-llr'],
      });
      expect(model?.artefactBytes).toBeGreaterThan(100_000);
      await admin.unloadModel('text-student');
      expect((await admin.listModels())[0]).toMatchObject({ state: 'unloaded' });
      await admin.loadModel('text-student');
      expect(outcomesOf(await client.embed([text('a river')]))).toEqual(['ok']);
      for (const call of [admin.loadModel('nobody'), admin.unloadModel('nobody')])
        expect(await errorOf(call)).toMatchObject({ code: 'not-found', reason: 'NO_EMBEDDER' });
    });
  });
});

describe('plugins', () => {
  it('are listed with what they offer; a module cannot be restarted alone', async () => {
    await withLiveServer(anglesConfig(adminSection), async ({ admin }) => {
      const plugins = await admin.listPlugins();
      expect(plugins).toContainEqual({
        name: 'angles-plugin',
        kind: 'module',
        state: 'running',
        restarts: 0,
        components: [
          { kind: 'embedder', id: 'angles', description: 'directions in the plane' },
          { kind: 'metric', id: 'dot', description: 'inner product' },
        ],
      });
      expect(await errorOf(admin.restartPlugin('angles-plugin'))).toMatchObject({
        code: 'failed-precondition',
        message: expect.stringContaining('restart the server'),
      });
      expect(await errorOf(admin.restartPlugin('nobody'))).toMatchObject({ code: 'not-found' });
    });
  });
});

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createAffinisClient } from '@affinis/client';
import { v1 } from '@affinis/contracts';
import { credentials } from '@grpc/grpc-js';
import { makeCertificates } from '../testing/certificates.ts';
import { createChangingFolder, mountVersion } from '../testing/changing-config.ts';
import { adminSection, withLiveServer } from '../testing/live-server.ts';
import { obedientConfig } from '../testing/obedient.ts';
import { createRawClient } from '../testing/raw-client.ts';
import { errorOf } from '../testing/results.ts';
import { withServer } from '../testing/use-server.ts';

const withThreshold = (threshold: number, more = '') =>
  obedientConfig(`${adminSection}${more}`).replace(
    'metric: cosine',
    `metric: cosine, policy: { threshold: ${threshold} }`,
  );
const change = (from: number, to: number) => `pipelines.toy.policy.threshold: ${from} → ${to}`;

describe('a new configuration is taken', () => {
  it('where a file takes the old one’s place, where it is written in place, and half by half', async () => {
    await withLiveServer(withThreshold(1), async ({ server, folder, configure }) => {
      expect(await configure(withThreshold(2))).toMatchObject({ level: 30, changes: [change(1, 2)], afterRestart: [] });
      let from = server.log.length;
      folder.write('affinis.yaml', withThreshold(3));
      expect(await server.logged('configuration reloaded', from)).toMatchObject({ changes: [change(2, 3)] });
      const text = withThreshold(4);
      from = server.log.length;
      folder.write('affinis.yaml', text.slice(0, text.indexOf('threshold') + 4));
      await server.logged('configuration refused; the one before goes on serving', from);
      folder.write('affinis.yaml', text);
      expect(await server.logged('configuration reloaded', from)).toMatchObject({ changes: [change(3, 4)] });
    });
  });

  it('where a link on the way to it is swapped, as Kubernetes does', async () => {
    const folder = createChangingFolder();
    try {
      mountVersion(folder.path, 1, { 'affinis.yaml': obedientConfig() });
      await withServer({ folder: folder.path }, async (server) => {
        for (const version of [2, 3]) {
          const from = server.log.length;
          mountVersion(folder.path, version, { 'affinis.yaml': obedientConfig(`batching: { maxItems: ${version} }`) });
          expect(await server.logged('configuration reloaded', from)).toMatchObject({
            changes: [expect.stringMatching(new RegExp(`batching.maxItems: \\d+ → ${version}`))],
          });
        }
      });
    } finally {
      folder.remove();
    }
  });

  it('where there was none, and by SIGHUP', async () => {
    const folder = createChangingFolder();
    try {
      await withServer({ folder: folder.path }, async (server) => {
        folder.replace('affinis.yaml', 'pipelines: { face: { metric: cosine } }\n');
        expect(await server.logged('configuration reloaded')).toMatchObject({
          changes: ['pipelines.face.metric: mls → cosine', expect.stringMatching(/^pipelines\.face: calibration /)],
        });
        const from = server.log.length;
        process.kill(server.pid, 'SIGHUP');
        expect(await server.logged('configuration reloaded', from)).toMatchObject({ changes: [] });
      });
    } finally {
      folder.remove();
    }
  });
});

describe('what is bound at the start', () => {
  it('stays, and the log and Reload say that it takes a restart, while the rest changes', async () => {
    await withLiveServer(withThreshold(1), async ({ server, admin, folder, configure }) => {
      const next = withThreshold(
        2,
        'server: { port: 1, maxConnections: 7, maxBatchItems: 1, logLevel: debug }\ngalleries: { path: elsewhere }\n',
      );
      expect(await configure(next)).toMatchObject({
        changes: [change(1, 2), 'server.maxBatchItems: 256 → 1', 'server.logLevel: info → debug'],
        afterRestart: ['galleries.path: galleries → elsewhere', 'server.maxConnections: 256 → 7'],
      });
      const two = Array.from({ length: 2 }, () => ({ left: [], right: [] }));
      const { raw } = server;
      const error = await errorOf(
        raw.unary(v1.SimilarityService.verify, { pipeline: 'toy', items: two.map(() => v1.VerifyItem.create()) }),
      );
      expect(error).toMatchObject({ reason: 'BATCH_TOO_LARGE' });
      expect(await server.logged('call refused')).toMatchObject({ method: 'Similarity/Verify' });
      folder.replace('affinis.yaml', next.replace(/^admin:.*$/m, ''));
      expect((await admin.reload()).afterRestart).toContainEqual(expect.stringMatching(/^admin: removed/));
      expect((await admin.reload()).changes).toEqual([]);
    });
  });
});

describe('certificates and tokens', () => {
  const certificates = makeCertificates();
  const { read } = certificates;
  const tls = { server: 'tls: { cert: server.crt, key: server.key }' };

  it('are those of this moment for new connections; open ones go on', async () => {
    const config = obedientConfig(`server: { ${tls.server}, tokensFile: tokens }`);
    const folder = createChangingFolder();
    const put = (name: string, from: string) => folder.replace(name, String(read(from)));
    try {
      writeFileSync(join(folder.path, 'tokens'), 'first\n');
      put('server.crt', 'server.crt');
      put('server.key', 'server.key');
      await withServer({ folder: folder.path, config }, async (server) => {
        const { address } = server;
        const reach = (authority: string, token: string) => {
          const client = createAffinisClient({
            address,
            token,
            tls: { rootCertificates: read(authority) },
            retry: false,
            deadlineMs: 3000,
          });
          return { client, list: () => client.listPipelines().finally(() => undefined) };
        };
        const old = reach('ca.crt', 'first');
        expect(await old.list()).toHaveLength(1);

        let from = server.log.length;
        put('server.crt', 'stranger.crt');
        // Until its key comes the two do not fit, and the former ones stay.
        await server.logged('configuration refused; the one before goes on serving', from);
        from = server.log.length;
        put('server.key', 'stranger.key');
        expect(await server.logged('configuration reloaded', from)).toMatchObject({
          changes: ['server.tls: certificates changed'],
        });
        const fresh = reach('other-ca.crt', 'first');
        expect(await fresh.list()).toHaveLength(1);
        expect(await old.list()).toHaveLength(1);
        const late = reach('ca.crt', 'first');
        expect(await errorOf(late.list())).toMatchObject({ code: expect.stringMatching(/unavailable|deadline/) });

        from = server.log.length;
        folder.replace('tokens', 'second\n');
        expect(await server.logged('configuration reloaded', from)).toMatchObject({
          changes: ['server.tokensFile: tokens changed'],
        });
        expect(await errorOf(fresh.list())).toMatchObject({ code: 'unauthenticated' });
        const second = reach('other-ca.crt', 'second');
        expect(await second.list()).toHaveLength(1);
        for (const { client } of [old, fresh, late, second]) client.close();
        expect(JSON.stringify(server.log)).not.toMatch(/PRIVATE KEY|"(first|second)"/);
      });
    } finally {
      folder.remove();
    }
  });

  it('may be asked of clients from now on, and no more', async () => {
    const folder = createChangingFolder();
    for (const name of ['server.crt', 'server.key', 'ca.crt']) folder.replace(name, String(read(name)));
    const configOf = (clientCa: string) =>
      obedientConfig(`server: { tls: { cert: server.crt, key: server.key${clientCa} } }`);
    try {
      await withServer({ folder: folder.path, config: configOf('') }, async (server) => {
        const list = (key: Buffer | null, chain: Buffer | null) => {
          const raw = createRawClient(server.address, credentials.createSsl(read('ca.crt'), key, chain));
          return raw
            .unary(v1.SimilarityService.listPipelines, {}, { deadlineMs: 3000 })
            .then(({ pipelines }) => pipelines.length)
            .finally(() => raw.close());
        };
        const configure = async (config: string) => {
          const from = server.log.length;
          folder.replace('affinis.yaml', config);
          await server.logged('configuration reloaded', from);
        };
        expect(await list(null, null)).toBe(1);
        await configure(configOf(', clientCa: ca.crt'));
        await errorOf(list(null, null));
        expect(await list(read('client.key'), read('client.crt'))).toBe(1);
        await configure(configOf(''));
        expect(await list(null, null)).toBe(1);
      });
    } finally {
      folder.remove();
    }
  });
});

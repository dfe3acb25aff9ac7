import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeCertificates } from '../testing/certificates.ts';
import { adminSection, adminToken, withLiveServer } from '../testing/live-server.ts';
import { obedientConfig } from '../testing/obedient.ts';
import { runAffinis } from '../testing/run-affinis.ts';
import { withServer } from '../testing/use-server.ts';

const env = { ...process.env, AFFINIS_ADMIN_TOKEN: adminToken };

describe('affinis admin', () => {
  it('reloads, tries, lists, unloads and loads', async () => {
    await withLiveServer(obedientConfig(`${adminSection}server: { watch: false }\n`), async ({ server, folder }) => {
      const run = async (...args: string[]) => {
        const outcome = await runAffinis(['admin', ...args, '--server', server.admin], { cwd: folder.path, env });
        expect(outcome).toMatchObject({ code: 0, stderr: '' });
        return outcome.stdout;
      };
      expect(await run('reload')).toBe('no change\n');
      const next = obedientConfig(
        `${adminSection}server: { watch: false, maxConnections: 3 }\nbatching: { maxItems: 2 }\n`,
      );
      writeFileSync(join(folder.path, 'next.yaml'), next);
      const changes = 'batching.maxItems: 16 → 2\nafter a restart: server.maxConnections: 256 → 3\n';
      expect(await run('reload', '--dry-run', 'next.yaml')).toBe(changes);
      expect(await run('reload', '--dry-run')).toBe('no change\n');
      folder.replace('affinis.yaml', next);
      expect(JSON.parse(await run('reload', '--dry-run', '--json'))).toEqual({
        dryRun: true,
        changes: ['batching.maxItems: 16 → 2'],
        afterRestart: ['server.maxConnections: 256 → 3'],
      });
      expect(await run('reload')).toBe(changes);
      expect(await run('config')).toContain('maxItems: 2\n');
      expect(await run('models')).toMatch(/^toy +loaded +obedient@1, in 1 workers \(toy\)\n$/);
      expect(await run('unload', 'toy')).toMatch(/^toy +unloaded obedient: .*affinis admin load toy \(toy\)\n$/);
      expect(JSON.parse(await run('models', '--json'))).toMatchObject([{ embedder: 'toy', state: 'unloaded' }]);
      expect(await run('load', 'toy')).toMatch(/^toy +loaded/);
      expect(await run('plugins')).toMatch(/^test-plugin +module +running +embedder obedient$/m);
    });
  });

  it('says what is wrong, with the exit codes of every command', async () => {
    await withLiveServer(obedientConfig(adminSection), async ({ server, folder }) => {
      const cases: [string[], NodeJS.ProcessEnv, number, RegExp][] = [
        [['models', '--server', server.admin], { ...env, AFFINIS_ADMIN_TOKEN: 'wrong' }, 5, /token is not known/],
        [['load', 'nobody', '--server', server.admin], env, 2, /no embedder "nobody".*toy/],
        [['models', '--server', '127.0.0.1:1'], env, 3, /./],
        [['models', '--server', '10.0.0.1:1'], env, 2, /in the clear.*--tls-ca/],
        [['models', '--tls-cert', 'a'], env, 2, /--tls-key/],
        [['reload', 'x.yaml', '--server', server.admin], env, 2, /--dry-run/],
        [['reload', 'none.yaml', '--dry-run', '--server', server.admin], env, 2, /none\.yaml: cannot be read/],
      ];
      const outcomes = await Promise.all(
        cases.map(([args, environment]) => runAffinis(['admin', ...args], { cwd: folder.path, env: environment })),
      );
      for (const [index, [args, , code, said]] of cases.entries())
        expect({ args, ...outcomes[index] }).toEqual({ args, code, stdout: '', stderr: expect.stringMatching(said) });
      folder.replace('affinis.yaml', 'server: { prot: 1 }');
      const refused = await runAffinis(['admin', 'reload', '--server', server.admin, '--json'], { env });
      expect(refused.code).toBe(2);
      expect(JSON.parse(refused.stdout)).toMatchObject({
        error: {
          code: 'invalid-argument',
          field: 'server.prot',
          message: expect.stringContaining('affinis.yaml:1:11'),
        },
      });
    });
  });

  it('shows a client certificate where the port asks for one', async () => {
    const { folder } = makeCertificates();
    const config = obedientConfig('admin: { port: 0, tls: { cert: server.crt, key: server.key, clientCa: ca.crt } }');
    await withServer({ folder, config }, async ({ admin }) => {
      const own = ['--tls-ca', 'ca.crt', '--tls-cert', 'client.crt', '--tls-key', 'client.key'];
      const { code, stdout } = await runAffinis(['admin', 'models', '--server', admin, ...own], { cwd: folder });
      expect([code, stdout]).toEqual([0, expect.stringContaining('toy')]);
    });
  });
});

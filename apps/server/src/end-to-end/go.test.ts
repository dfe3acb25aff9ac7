import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { behavesLikeAnExample, examplePhotos } from '../testing/example-behaviour.ts';
import { runCommand } from '../testing/run-affinis.ts';
import { largePhoto } from '../testing/samples.ts';
import { repositoryRoot } from '../testing/server-process.ts';
import { built } from '../testing/toolchain.ts';
import { useServer } from '../testing/use-server.ts';

const folder = mkdtempSync(join(tmpdir(), 'affinis-go-'));
const program = join(folder, 'verify');
const describeWithGo = built('go', ['build', '-o', program, '.'], join(repositoryRoot, 'examples/go'))
  ? describe
  : describe.skip;
const suiteLimitMs = 400_000;

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describeWithGo('examples/go', () => {
  const server = useServer();
  behavesLikeAnExample((...files) => runCommand(program, [server().address, ...files], { cwd: folder }));

  it('sends what does not fit into one message in chunks', async () => {
    const file = join(folder, 'large.png');
    writeFileSync(file, await largePhoto('faces/obama-1.jpg', 6_000_000));
    const { code, stdout } = await runCommand(program, [server().address, file, examplePhotos.obamaLater], {
      cwd: folder,
    });
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^match: /)]);
  });

  it('says where no server is', async () => {
    const { code, stderr } = await runCommand(program, ['127.0.0.1:1', examplePhotos.obama, examplePhotos.biden], {
      cwd: folder,
    });
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^Unavailable: .*127\.0\.0\.1:1/)]);
  });
});

describeWithGo('clients/go against a server', () => {
  const server = useServer();

  it(
    'passes the tests that need one',
    async () => {
      const args = ['test', '-count=1', '-v', '-run', '^TestServer', '.'];
      const { code, stdout } = await runCommand('go', args, {
        cwd: join(repositoryRoot, 'clients/go'),
        env: { AFFINIS_TEST_ADDRESS: server().address },
        timeoutMs: suiteLimitMs,
      });
      expect([code, stdout]).toEqual([0, expect.stringMatching(/--- PASS: TestServer/)]);
      expect(stdout).not.toMatch(/--- SKIP/);
    },
    suiteLimitMs,
  );
});

describeWithGo.each(['clients/go', 'examples/go', 'examples/plugin-go-metric'])('%s', (path) => {
  const run = (...command: [string, ...string[]]) =>
    runCommand(command[0], command.slice(1), { cwd: join(repositoryRoot, path), timeoutMs: suiteLimitMs });

  it('is formatted, passes go vet, and its module file is tidy', async () => {
    expect(await run('gofmt', '-l', '.')).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(await run('go', 'vet', './...')).toMatchObject({ code: 0, stderr: '' });
    expect(await run('go', 'mod', 'tidy', '-diff')).toMatchObject({ code: 0, stdout: '' });
  }, 120_000);

  it(
    'passes its own tests',
    async () => {
      const { code, stdout, stderr } = await run('go', 'test', './...');
      expect([code, stdout.replace(/^(ok|\?) .*\n/gm, ''), stderr]).toEqual([0, '', '']);
    },
    suiteLimitMs,
  );
});

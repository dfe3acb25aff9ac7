import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { examplesPython, pythonPackage } from '../testing/python.ts';
import { type CommandOutcome, runCommand } from '../testing/run-affinis.ts';
import { samplePath } from '../testing/samples.ts';
import { repositoryRoot } from '../testing/server-process.ts';
import { useServer } from '../testing/use-server.ts';

const server = useServer();
const examples = join(repositoryRoot, 'examples');
const obama = samplePath('faces/obama-1.jpg');
const obamaLater = samplePath('faces/obama-2.jpg');
const biden = samplePath('faces/biden-1.jpg');
const storm = samplePath('voices/storm-1.flac');
const stormAgain = samplePath('voices/storm-2.flac');

/** What all examples do, whatever they are written in. */
function behavesLikeAnExample(run: (...files: string[]) => Promise<CommandOutcome>) {
  it('a match, and no match', async () => {
    expect(await run(obama, obamaLater)).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^match: score \d/),
    });
    expect(await run(obama, biden)).toMatchObject({ code: 0, stdout: expect.stringMatching(/^no_match: score \d/) });
  });

  it('voices', async () => {
    const { code, stdout } = await run(storm, stormAgain);
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^match: .*voice/)]);
  });

  it('what the server cannot answer', async () => {
    const { code, stderr } = await run(obama, samplePath('README.md'));
    expect(code).toBe(1);
    expect(stderr).toMatch(/INVALID_ARGUMENT|invalid-argument/);
  });
}

describe('examples/node', () => {
  behavesLikeAnExample((...files) =>
    runCommand(process.execPath, [join(examples, 'node/verify.mjs'), server().address, ...files], { cwd: tmpdir() }),
  );
});

const python = examplesPython();
const describeWithPython = python === undefined ? describe.skip : describe;

describeWithPython('examples/python', () => {
  const execute = (...args: string[]) =>
    runCommand(python ?? 'python3', [join(examples, 'python/client.py'), ...args], {
      cwd: tmpdir(),
      env: { PYTHONPATH: join(pythonPackage, 'src') },
    });

  behavesLikeAnExample((...files) => execute('--server', server().address, ...files));

  it('says where no server is', async () => {
    const { code, stderr } = await execute('--server', '127.0.0.1:1', obama, biden);
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^unavailable: .*127\.0\.0\.1:1/)]);
  });
});

import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { behavesLikeAnExample, examplePhotos } from '../testing/example-behaviour.ts';
import { examplesPython, pythonPackage } from '../testing/python.ts';
import { runCommand } from '../testing/run-affinis.ts';
import { repositoryRoot } from '../testing/server-process.ts';
import { useServer } from '../testing/use-server.ts';

const server = useServer();
const examples = join(repositoryRoot, 'examples');

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
    const { code, stderr } = await execute('--server', '127.0.0.1:1', ...Object.values(examplePhotos).slice(0, 2));
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^unavailable: .*127\.0\.0\.1:1/)]);
  });
});

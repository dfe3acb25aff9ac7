import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { behavesLikeAnExample, examplePhotos } from '../testing/example-behaviour.ts';
import { pythonWith } from '../testing/python.ts';
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

const python = pythonWith(join(examples, 'python/requirements.txt'));
const describeWithPython = python === undefined ? describe.skip : describe;

describeWithPython('examples/python, its stubs generated from the .proto files', () => {
  let folder: string;
  const execute = (...args: string[]) => runCommand(python ?? 'python3', args, { cwd: folder });

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'affinis-python-'));
    copyFileSync(join(examples, 'python/client.py'), join(folder, 'client.py'));
    mkdirSync(join(folder, 'stubs'));
    const proto = join(repositoryRoot, 'proto');
    const files = readdirSync(join(proto, 'affinis/v1')).map((name) => join(proto, 'affinis/v1', name));
    const roots = ['-I', proto, '-I', join(proto, 'third_party')];
    const generated = await execute(
      ...['-m', 'grpc_tools.protoc', ...roots, '--python_out=stubs', '--grpc_python_out=stubs', ...files],
    );
    expect(generated).toMatchObject({ code: 0 });
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  behavesLikeAnExample((...files) => execute('client.py', '--server', server().address, ...files));

  it('says where no server is', async () => {
    const { code, stderr } = await execute(
      'client.py',
      '--server',
      '127.0.0.1:1',
      ...Object.values(examplePhotos).slice(0, 2),
    );
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^UNAVAILABLE/)]);
  });
});

import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { behavesLikeAnExample, examplePhotos } from '../testing/example-behaviour.ts';
import { runCommand } from '../testing/run-affinis.ts';
import { repositoryRoot } from '../testing/server-process.ts';
import { built } from '../testing/toolchain.ts';
import { useServer } from '../testing/use-server.ts';

const example = join(repositoryRoot, 'examples/java');
const target = join(example, 'target');
const classPath = [join(target, 'classes'), join(target, 'lib/*')].join(delimiter);
const describeWithMaven = built('mvn', ['-q', '-B', 'package'], example) ? describe : describe.skip;

describeWithMaven('examples/java, its stubs generated from the .proto files', () => {
  const server = useServer();
  const run = (...args: string[]) =>
    runCommand('java', ['-cp', classPath, 'io.affinis.example.Verify', ...args], { cwd: tmpdir() });

  behavesLikeAnExample((...files) => run(server().address, ...files));

  it('says where no server is', async () => {
    const { code, stderr } = await run('127.0.0.1:1', examplePhotos.obama, examplePhotos.biden);
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^UNAVAILABLE/)]);
  });
});

// Checks which way packages depend on each other. The Nx rule reads a cached project graph and, where there is none,
// passes everything; so the graph is made first. With `--stdin` it lints the [{ path, text }] given there as JSON and
// prints the messages for each: that is how the test breaks a boundary without writing into a package.
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ESLint } from 'eslint';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bin = join(root, 'node_modules/.bin');

// Nx's plugin processes would outlive this one where it is killed.
process.env.NX_ISOLATE_PLUGINS = 'false';
execFileSync(join(bin, 'nx'), ['show', 'projects'], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });

if (process.argv.includes('--stdin')) {
  const eslint = new ESLint({ cwd: root });
  const messages = [];
  for (const { path, text } of JSON.parse(readFileSync(0, 'utf8'))) {
    const [result] = await eslint.lintText(text, { filePath: join(root, path) });
    messages.push(result.messages.map(({ ruleId, message }) => `${ruleId}: ${message}`));
  }
  console.log(JSON.stringify(messages));
} else {
  const { status, stdout } = spawnSync(join(bin, 'eslint'), ['--max-warnings', '0', 'packages', 'apps', 'bench'], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  process.stdout.write(stdout);
  process.exitCode = stdout.includes('rule will be skipped') ? 1 : (status ?? 1);
}

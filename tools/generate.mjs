// Generates the TypeScript code and the descriptor set of the protos, and the kernels' WebAssembly; `--check` fails where
// the committed ones differ, or stubs in other languages are of other protos.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { staleStubs } from './proto-digest.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const generatedFolder = 'packages/contracts/src/generated';
const descriptorFile = 'packages/contracts/descriptors/affinis.binpb';
const kernelsFile = 'packages/kernels/kernels.wasm';

if (process.argv.includes('--check')) {
  const scratch = mkdtempSync(join(tmpdir(), 'affinis-generate-'));
  try {
    generate(scratch);
    report(differences(scratch));
  } finally {
    rmSync(scratch, { recursive: true });
  }
} else generate(root);

function generate(base) {
  mkdirSync(dirname(join(base, descriptorFile)), { recursive: true });
  buf('generate', '-o', base);
  buf('build', '--as-file-descriptor-set', '--exclude-source-info', '-o', join(base, descriptorFile));
  mkdirSync(dirname(join(base, kernelsFile)), { recursive: true });
  const build = [join(root, 'packages/kernels/build.mjs'), join(base, kernelsFile)];
  execFileSync(process.execPath, build, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
}

function buf(...args) {
  const bin = join(root, 'node_modules/.bin');
  const env = { ...process.env, PATH: `${bin}:${process.env.PATH}` };
  execFileSync(join(bin, 'buf'), args, { cwd: root, env, stdio: ['ignore', 'inherit', 'inherit'] });
}

function differences(scratch) {
  const paths = new Set([...filesOf(root), ...filesOf(scratch)]);
  return [...paths].sort().filter((path) => !contentOf(join(root, path)).equals(contentOf(join(scratch, path))));
}

function filesOf(base) {
  const options = { recursive: true, withFileTypes: true };
  const files = readdirSync(join(base, generatedFolder), options).filter((entry) => entry.isFile());
  return [descriptorFile, kernelsFile, ...files.map((entry) => relative(base, join(entry.parentPath, entry.name)))];
}

function contentOf(path) {
  try {
    return readFileSync(path);
  } catch {
    return Buffer.from('missing');
  }
}

function report(changed) {
  const stale = staleStubs();
  if (changed.length > 0) console.error(`Out of date:\n  ${changed.join('\n  ')}\nRun: npm run generate`);
  for (const { digest, command } of stale) console.error(`Not of these protos: ${digest}\nRun: ${command}`);
  if (changed.length + stale.length > 0) process.exitCode = 1;
  else console.log('Generated code is up to date.');
}

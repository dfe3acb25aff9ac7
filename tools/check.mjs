// Everything that a change has to pass, one step after the other, each under a wall-clock limit: `npm run check`.
// All steps run even where one fails. `--skip-tests` leaves the tests out, for CI, which has just run them.
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const env = { ...process.env, PATH: `${join(root, 'node_modules/.bin')}${delimiter}${process.env.PATH}` };
const scratch = mkdtempSync(join(tmpdir(), 'affinis-check-'));

const steps = () => [
  { name: 'format and lint', limitS: 120, command: ['biome', 'ci', '.'] },
  { name: 'boundaries', limitS: 180, command: ['node', 'tools/boundaries.mjs'] },
  { name: 'tsconfig references', limitS: 30, command: ['node', 'tools/sync-references.mjs', '--check'] },
  { name: 'buf lint', limitS: 60, command: ['buf', 'lint'] },
  { name: 'buf breaking', limitS: 60, ...breaking() },
  { name: 'generated code', limitS: 120, command: ['node', 'tools/generate.mjs', '--check'] },
  { name: 'types', limitS: 300, command: ['tsc', '-b'] },
  { name: 'configuration reference', limitS: 60, command: ['node', 'tools/generate-schema.mjs', '--check'] },
  { name: 'tests', limitS: 1500, command: ['jest'], skip: process.argv.includes('--skip-tests') && '--skip-tests' },
];

let running;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => stop(signal));

const results = [];
try {
  for (const step of steps()) results.push(await perform(step));
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
console.log(`\n${results.map(({ name, outcome, time }) => `${outcome.padEnd(7)} ${name}${time}`).join('\n')}`);
process.exitCode = results.some(({ outcome }) => outcome === 'FAILED') ? 1 : 0;

async function perform({ name, limitS, command, skip }) {
  if (skip) {
    console.log(`\n── ${name}: skipped, ${skip}`);
    return { name, outcome: 'skipped', time: `, ${skip}` };
  }
  console.log(`\n── ${name}: ${command.join(' ')}`);
  const start = performance.now();
  const { passed, problem } = await execute(command, limitS);
  const time = ` (${((performance.now() - start) / 1000).toFixed(1)} s)${problem}`;
  console.log(`── ${name}: ${passed ? 'passed' : 'FAILED'}${time}`);
  return { name, outcome: passed ? 'passed' : 'FAILED', time };
}

/** A step leads a process group of its own, so that its children end with it, whether it passes, fails or hangs. */
function execute([file, ...args], limitS) {
  return new Promise((resolve) => {
    running = spawn(file, args, { cwd: root, env, stdio: ['ignore', 'inherit', 'inherit'], detached: true });
    const group = running.pid;
    let problem = '';
    const timer = setTimeout(() => {
      problem = `, over its limit of ${limitS} s`;
      killGroup(group);
    }, limitS * 1000);
    running.once('error', (error) => {
      problem = `, ${error.message}`;
    });
    running.once('close', (code) => {
      clearTimeout(timer);
      killGroup(group);
      resolve({ passed: code === 0 && problem === '', problem });
    });
  });
}

function stop(signal) {
  killGroup(running?.pid);
  rmSync(scratch, { recursive: true, force: true });
  process.kill(process.pid, signal);
}

function killGroup(group) {
  if (group === undefined) return;
  try {
    process.kill(-group, 'SIGKILL');
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

/** Compares the protos with those of the latest release; out of git, and not through buf's own cloning, which needs a whole clone. */
function breaking() {
  const tag = git('tag', '--list', 'v*', '--sort=-version:refname').split('\n')[0];
  if (!tag) return { skip: 'there is no release tag v* to compare with' };
  if (!git('ls-tree', '--name-only', tag, 'proto', 'buf.yaml').includes('proto'))
    return { skip: `${tag} has no protos` };
  const released = join(scratch, 'released');
  mkdirSync(released);
  const archive = execFileSync('git', ['archive', tag, 'proto', 'buf.yaml'], { cwd: root, maxBuffer: 2 ** 28 });
  execFileSync('tar', ['-x', '-C', released], { input: archive });
  return { command: ['buf', 'breaking', '--against', released] };
}

function git(...args) {
  return execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim();
}

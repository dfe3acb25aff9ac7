// Makes the real @tensorflow/tfjs-node work without the host that its installer downloads from: `npm run setup:tfjs-native`.
// libtensorflow comes out of the PyPI wheel tensorflow-cpu, the binding is compiled from the sources in the npm package.
// All of it goes into $AFFINIS_CACHE/tfjs-native, where @affinis/backend-tfjs looks; `npm ci` neither makes nor removes it.
// Needs Linux on x86-64, npm, Python 3 with pip, g++ and strip. A second run changes nothing; `--force` builds anew.
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

// The wheel nearest to tfjs-node's own 2.9.1 that passes tfjs-core's tests: 2.18.1 and 2.21.0 round int32 to 0.
const tensorflow = { version: '2.13.1', sha256: '87be6e61314b2c0fa062f71e26e41d6a17e162ffe4da72c820fe8f1fc94d97fe' };
/** The highest Node-API version that tfjs-node 4.22.0 declares; its loader looks into a folder of this name. */
const napiVersion = 8;
const libraries = ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'];

const packages = fileURLToPath(new URL('../packages/backend-tfjs/native/', import.meta.url));
const cache = process.env.AFFINIS_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'affinis');
const target = join(cache, 'tfjs-native');
const stampFile = 'setup.json';
const stamp = `${JSON.stringify({ ...JSON.parse(readFileSync(join(packages, 'package.json'), 'utf8')).dependencies, tensorflow, napiVersion })}\n`;

/** Reads the wheel whole, and unpacks of it the two libraries and the headers of the C API. */
const unpack = `
import hashlib, sys, zipfile
wheel, out, wanted = sys.argv[1:]
found = hashlib.sha256(open(wheel, 'rb').read()).hexdigest()
if found != wanted:
    sys.exit(f'tensorflow-cpu has sha256 {found}, expected {wanted}; refusing to unpack it')
libraries = {'tensorflow/' + name for name in ${JSON.stringify(libraries)}}
headers = tuple('tensorflow/include/tensorflow/' + name for name in ('c/', 'core/platform/ctstring', 'tsl/c/', 'tsl/platform/ctstring'))
with zipfile.ZipFile(wheel) as archive:
    archive.extractall(out, [name for name in archive.namelist() if name in libraries or name.startswith(headers)])
`;

try {
  if (!process.argv.includes('--force') && isComplete()) console.log(`Already set up: ${target}`);
  else build();
  console.log(`TensorFlow ${libraryVersion(target)} runs in @tensorflow/tfjs-node.`);
} catch (error) {
  console.error(`[setup-tfjs-native] ${error.message}`);
  process.exitCode = 1;
}

function isComplete() {
  const path = join(target, stampFile);
  return existsSync(path) && readFileSync(path, 'utf8') === stamp;
}

/** Builds beside the target and renames at the end, so that an interrupted run leaves nothing that looks complete. */
function build() {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    throw new Error(
      `made for Linux on x86-64, not ${process.platform} ${process.arch}; the tfjs backend runs on WebAssembly without it`,
    );
  requireTools();
  mkdirSync(cache, { recursive: true });
  const temporary = mkdtempSync(join(cache, 'tfjs-native-'));
  try {
    installPackages(temporary);
    const folder = join(temporary, 'node_modules/@tensorflow/tfjs-node/lib', `napi-v${napiVersion}`);
    mkdirSync(folder, { recursive: true });
    const unpacked = unpackTensorflow(temporary);
    for (const library of libraries) renameSync(join(unpacked, library), join(folder, library));
    compileBinding(temporary, join(unpacked, 'include'), folder);
    rmSync(unpacked, { recursive: true });
    libraryVersion(temporary);
    writeFileSync(join(temporary, stampFile), stamp);
    rmSync(target, { recursive: true, force: true });
    renameSync(temporary, target);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

function requireTools() {
  const tools = { 'g++': ['--version'], strip: ['--version'], python3: ['-m', 'pip', '--version'] };
  for (const [tool, args] of Object.entries(tools))
    try {
      execFileSync(tool, args, { stdio: 'ignore' });
    } catch {
      throw new Error(`"${[tool, ...args].join(' ')}" fails; install it (Debian: apt-get install g++ python3-pip)`);
    }
}

function installPackages(folder) {
  cpSync(packages, folder, { recursive: true, filter: (path) => !path.includes('node_modules') });
  run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--silent'], { cwd: folder });
}

/** Returns the folder that holds the two libraries and the headers. */
function unpackTensorflow(folder) {
  const args = ['--quiet', '--no-deps', '--no-cache-dir', '--only-binary=:all:', '--dest', folder];
  const platform = ['--python-version', '3.11', '--platform', 'manylinux2014_x86_64'];
  run('python3', ['-m', 'pip', 'download', ...args, ...platform, `tensorflow-cpu==${tensorflow.version}`]);
  const wheel = readdirSync(folder).find((name) => name.endsWith('.whl'));
  if (wheel === undefined) throw new Error('pip downloaded no wheel of tensorflow-cpu; see its message above');
  run('python3', ['-c', unpack, join(folder, wheel), folder, tensorflow.sha256]);
  rmSync(join(folder, wheel));
  const unpacked = join(folder, 'tensorflow');
  run('strip', ['--strip-unneeded', ...libraries.map((library) => join(unpacked, library))]); // 561 MB become 415
  return unpacked;
}

/** With g++ alone: node-gyp would fetch Node's headers from a host that a closed network does not reach. */
function compileBinding(folder, headers, output) {
  const { include_dir: nodeHeaders } = createRequire(join(folder, 'package.json'))('node-api-headers');
  const sources = ['tfjs_backend.cc', 'tfjs_binding.cc'];
  const binding = join(folder, 'node_modules/@tensorflow/tfjs-node/binding');
  run('g++', [
    ...['-O2', '-std=c++17', '-shared', '-fPIC', `-DNAPI_VERSION=${napiVersion}`, '-I', nodeHeaders, '-I', headers],
    ...sources.map((source) => join(binding, source)),
    ...['-L', output, ...libraries.map((library) => `-l:${library}`)],
    ...['-Wl,-rpath,$ORIGIN', '-o', join(output, 'tfjs_binding.node')],
  ]);
}

/** Loads the library in a process of its own and multiplies two matrices with it. */
function libraryVersion(folder) {
  const program = `const tf = require('@tensorflow/tfjs-node');
    const [product] = tf.matMul(tf.tensor2d([[2, 3]]), tf.tensor2d([[5], [7]])).dataSync();
    if (tf.getBackend() !== 'tensorflow' || product !== 31) throw new Error('wrong product');
    console.log(tf.backend().binding.TF_Version);`;
  const env = { ...process.env, TF_CPP_MIN_LOG_LEVEL: '2' };
  return execFileSync(process.execPath, ['-e', program], { cwd: folder, env, encoding: 'utf8' }).trim();
}

function run(command, args, options = {}) {
  try {
    execFileSync(command, args, { stdio: ['ignore', 'inherit', 'inherit'], ...options });
  } catch (cause) {
    throw new Error(`${command} failed (${cause.code ?? cause.status}); see its message above`, { cause });
  }
}

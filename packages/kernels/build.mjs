// Compiles assembly/ to kernels.wasm (or the file given): `npm run generate` writes it, `npm run check` compares it.
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const require = createRequire(import.meta.url);
const { default: asc } = await import(join(dirname(require.resolve('assemblyscript/package.json')), 'dist/asc.js'));
const options = ['--optimizeLevel', '3', '--noAssert', '--runtime', 'stub', '--enable', 'simd,threads'];
const memory = ['--importMemory', '--sharedMemory', '--initialMemory', '1', '--maximumMemory', '65536'];
const output = process.argv[2] ?? join(here, 'kernels.wasm');
const { error, stderr } = await asc.main([join(here, 'assembly/index.ts'), '--outFile', output, ...options, ...memory]);
process.stderr.write(stderr.toString());
if (error) process.exit(1);

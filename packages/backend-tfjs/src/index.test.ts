import { execFileSync } from 'node:child_process';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import plugin from './index.ts';

describe('plugin', () => {
  it('offers the backend', () => {
    expect(plugin.backends?.map(({ id }) => id)).toEqual(['tfjs']);
  });

  it('imports nothing of TensorFlow before a model loads', () => {
    const program = `import { createRequire } from 'node:module';
      await import('@affinis/backend-tfjs');
      const loaded = Object.keys(createRequire(import.meta.url).cache).filter((path) => path.includes('tensorflow'));
      console.log(JSON.stringify(loaded));`;
    const args = ['--input-type=module', '--eval', program];
    expect(
      execFileSync(process.execPath, args, { cwd: dirname(fileURLToPath(import.meta.url)), encoding: 'utf8' }).trim(),
    ).toBe('[]');
  });
});

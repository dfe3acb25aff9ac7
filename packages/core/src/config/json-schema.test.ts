import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

it('is what docs/ holds, with the reference that is made of it', () => {
  const root = join(import.meta.dirname ?? __dirname, '../../../..');
  const check = () =>
    execFileSync(process.execPath, ['tools/generate-schema.mjs', '--check'], { cwd: root, encoding: 'utf8' });
  expect(check).not.toThrow();
});

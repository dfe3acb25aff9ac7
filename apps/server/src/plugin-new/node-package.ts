import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { AffinisError } from '@affinis/core';
import { installation, packageFile } from './installation.ts';
import type { TemplateKind } from './template-kinds.ts';

/** What a plugin imports, with what that is made of. */
const uses = ['core', 'contracts', 'plugin-sdk'];
const tests = ['conformance'];

/** Text of the `package.json`; `vendor` says that its packages lie packed beside it, as `packNodePackages` puts them. */
export function nodePackageJson(
  name: string,
  kind: TemplateKind['kind'],
  { vendor }: { readonly vendor: boolean },
): string {
  const { devDependencies = {} } = packageFile('.');
  const dependency = (folder: string): [string, string] => {
    const { name: of, version } = packageFile(`packages/${folder}`);
    return [of, vendor ? `file:vendor/${archiveOf(of, version)}` : version];
  };
  const own = [...uses, ...tests].map(dependency);
  const content = {
    name,
    version: '0.1.0',
    private: true,
    type: 'module',
    exports: './dist/src/index.js',
    scripts: { build: 'tsc', test: `tsc && node --test dist/test/${kind}.js` },
    engines: { node: '>=20.19' },
    dependencies: Object.fromEntries(uses.map(dependency)),
    devDependencies: Object.fromEntries([
      ...tests.map(dependency),
      ...['@types/node', 'typescript'].map((tool) => [tool, devDependencies[tool]]),
    ]),
    // They ask for each other by version, which is on no registry.
    ...(vendor ? { overrides: Object.fromEntries(own.map(([of]) => [of, `$${of}`])) } : {}),
  };
  return `${JSON.stringify(content, null, 2)}\n`;
}

/** Packs what a plugin imports into `vendor` of its folder. Needs the build. */
export function packNodePackages(folder: string): void {
  const vendor = join(folder, 'vendor');
  mkdirSync(vendor, { recursive: true });
  const packages = [...uses, ...tests].map((each) => `./packages/${each}`);
  try {
    execFileSync('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', vendor, ...packages], {
      cwd: installation,
      stdio: 'pipe',
    });
  } catch (cause) {
    throw new AffinisError('failed-precondition', '`npm pack` failed; are npm and the build of Affinis there?', {
      cause,
    });
  }
}

const archiveOf = (name: string, version: string) => `${name.replace('@', '').replace('/', '-')}-${version}.tgz`;

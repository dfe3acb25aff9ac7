// Writes the `references` of every tsconfig from the workspace packages that the package.json files name.
// With `--check` it writes nothing and fails where they differ.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const check = process.argv.includes('--check');

const packages = foldersOfPackages().map(packageAt);
const folderOf = new Map(packages.map(({ name, folder }) => [name, folder]));
const toolsConfig = 'tsconfig.tools.json';
const wanted = [
  ...packages.map(({ folder, uses }) => ({
    config: `${folder}/tsconfig.json`,
    uses: uses.map((name) => folderOf.get(name)),
  })),
  { config: toolsConfig, uses: packages.map(({ folder }) => folder) },
  { config: 'tsconfig.json', uses: [...packages.map(({ folder }) => folder), toolsConfig] },
];

const changed = wanted.filter(({ config, uses }) => update(config, uses)).map(({ config }) => config);
if (changed.length === 0) console.log('The references of every tsconfig are up to date.');
else if (check) {
  console.error(`Out of date:\n  ${changed.join('\n  ')}\nRun: npm run generate`);
  process.exitCode = 1;
} else console.log(`Written:\n  ${changed.join('\n  ')}`);

function foldersOfPackages() {
  const inside = (parent) => readdirSync(join(root, parent)).map((name) => `${parent}/${name}`);
  const folders = [...inside('packages').sort(), ...inside('apps').sort(), 'bench'];
  return folders.filter((folder) => existsSync(join(root, folder, 'package.json')));
}

function packageAt(folder) {
  const { name, dependencies, devDependencies } = readJson(`${folder}/package.json`);
  const uses = Object.keys({ ...dependencies, ...devDependencies }).filter((used) => used.startsWith('@affinis/'));
  return { name, folder, uses: uses.sort() };
}

function update(config, uses) {
  const content = readJson(config);
  const references = uses.map((target) => ({ path: relative(dirname(config), target) }));
  if (JSON.stringify(content.references) === JSON.stringify(references)) return false;
  if (!check) writeFileSync(join(root, config), `${JSON.stringify({ ...content, references }, null, 2)}\n`);
  return true;
}

function readJson(path) {
  return JSON.parse(readFileSync(join(root, path), 'utf8'));
}

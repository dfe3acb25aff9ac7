import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

const packageName = '@tensorflow/tfjs-node';

/**
 * Folder of a tfjs-node whose native library is there: one installed beside this package, or that of
 * `npm run setup:tfjs-native`. Undefined where there is none. Loads nothing.
 */
export const findNative = (): string | undefined => [installed(), fromCache()].find(hasLibrary);

function installed(): string | undefined {
  try {
    return dirname(createRequire(import.meta.url).resolve(`${packageName}/package.json`));
  } catch {
    return undefined;
  }
}

/** Where `tools/setup-tfjs-native.mjs` puts it. */
function fromCache(): string {
  const { AFFINIS_CACHE, XDG_CACHE_HOME } = process.env;
  const cache = AFFINIS_CACHE ?? join(XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'affinis');
  return join(cache, 'tfjs-native', 'node_modules', packageName);
}

/** The package can be installed without its library, whose download is an install script. */
function hasLibrary(folder: string | undefined): boolean {
  const lib = folder && join(folder, 'lib');
  return (
    lib !== undefined &&
    existsSync(lib) &&
    readdirSync(lib).some((name) => existsSync(join(lib, name, 'tfjs_binding.node')))
  );
}

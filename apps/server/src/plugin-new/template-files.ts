import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TemplateKind } from './template-kinds.ts';

const templates = fileURLToPath(new URL('../../templates/plugin', import.meta.url));
const placeholder = '__name__';

/** The files of a template by their paths, with the plugin's name put in; what its language shares comes first. */
export function templateFiles({ language, kind }: TemplateKind, name: string): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  for (const folder of [join(templates, language), join(templates, `${language}-${kind}`)])
    for (const path of filesBelow(folder)) {
      const written = relative(folder, path).split(sep).join('/').replaceAll(placeholder, name);
      const text = readFileSync(path, 'utf8').replaceAll(placeholder, name);
      files.set(written === 'gitignore' ? '.gitignore' : written, text);
    }
  return files;
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder)
    .map((entry) => join(folder, entry))
    .flatMap((path) => (statSync(path).isDirectory() ? filesBelow(path) : [path]))
    .sort();
}

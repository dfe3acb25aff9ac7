import { type Problem, problemsOf } from '../schema-problems.ts';
import { badFields, readYaml, validateYaml, type YamlDocument } from '../yaml-document.ts';
import { configFileSchema } from './file-schema.ts';
import { type Config, configSchema } from './schema.ts';

/**
 * Merges the text of an `affinis.yaml` over the built-in configuration. Throws `invalid-argument` naming file, line,
 * field and a hint; references between entries (pipeline → embedder) are checked too.
 */
export function parseConfig(text: string, builtIn: Config, file = 'affinis.yaml'): Config {
  const document = readYaml(text, file);
  const given = validateYaml(document, configFileSchema, file);
  const parsed = configSchema.safeParse({
    ...builtIn,
    ...given,
    plugins: [...new Set([...builtIn.plugins, ...(given.plugins ?? [])])],
    workers: { ...builtIn.workers, ...given.workers },
    batching: { ...builtIn.batching, ...given.batching },
    embedders: mergeEntries(builtIn.embedders, given.embedders),
    metrics: mergeEntries(builtIn.metrics, given.metrics),
    pipelines: mergeEntries(builtIn.pipelines, given.pipelines),
    defaults: { ...builtIn.defaults, ...given.defaults },
    galleries: { ...builtIn.galleries, ...given.galleries },
    server: { ...builtIn.server, ...given.server },
  });
  if (!parsed.success) throw badFields(document, problemsOf(parsed.error, configSchema), file);
  checkReferences(parsed.data, document, file);
  return parsed.data;
}

type Entries = Readonly<Record<string, object | null>>;

/** An entry's own fields replace the built-in ones of the same name; `null` removes the entry. */
function mergeEntries(builtIn: Entries, given: Entries = {}): Entries {
  const merged = new Map(Object.entries(builtIn));
  for (const [name, entry] of Object.entries(given)) {
    if (entry === null) merged.delete(name);
    else merged.set(name, mergeEntry({ ...merged.get(name) }, { ...entry }));
  }
  return Object.fromEntries(merged);
}

/** `model` and `type` exclude each other; options and parameters are for one type and go with it. */
function mergeEntry(base: Readonly<Record<string, unknown>>, entry: Readonly<Record<string, unknown>>): object {
  const kept = { ...base };
  const drop = (...keys: readonly string[]) => {
    for (const key of keys) delete kept[key];
  };
  if (entry.type !== undefined && entry.type !== base.type) drop('model', 'options', 'parameters', 'projection');
  if (entry.model !== undefined && base.type !== undefined) drop('type', 'options');
  if (entry.composite !== undefined) drop('embedder', 'metric', 'maxVariance', 'fusion');
  if (entry.embedder !== undefined || entry.metric !== undefined) drop('composite');
  return { ...kept, ...entry };
}

function checkReferences(config: Config, document: YamlDocument, file: string): void {
  const problems: Problem[] = [];
  const check = (path: readonly string[], kind: string, name: string, known: object) => {
    if (Object.hasOwn(known, name)) return;
    const message = `no ${kind} "${name}"; there are: ${Object.keys(known).join(', ')}`;
    problems.push({ path, part: 'value', message });
  };
  const singles = Object.fromEntries(Object.entries(config.pipelines).filter(([, { composite }]) => !composite));
  for (const [name, { embedder, composite = [] }] of Object.entries(config.pipelines)) {
    if (embedder !== undefined) check(['pipelines', name, 'embedder'], 'embedder', embedder, config.embedders);
    for (const part of composite) check(['pipelines', name, 'composite'], 'single pipeline', part, singles);
  }
  for (const [modality, pipeline] of Object.entries(config.defaults))
    check(['defaults', modality], 'pipeline', pipeline, config.pipelines);
  if (problems.length > 0) throw badFields(document, problems, file);
}

import { AffinisError } from '../errors.ts';
import { fieldPath, parseYamlDocument } from '../yaml-document.ts';
import { type Config, configFileSchema, configSchema } from './schema.ts';

/**
 * Merges the text of an `affinis.yaml` over the built-in configuration. Throws `invalid-argument` naming file, line,
 * field and a hint; references between entries (pipeline → embedder) are checked too.
 */
export function parseConfig(text: string, builtIn: Config, file = 'affinis.yaml'): Config {
  const given = parseYamlDocument(text, configFileSchema, file);
  const merged = {
    ...builtIn,
    ...given,
    embedders: mergeEntries(builtIn.embedders, given.embedders),
    metrics: mergeEntries(builtIn.metrics, given.metrics),
    pipelines: mergeEntries(builtIn.pipelines, given.pipelines),
    defaults: { ...builtIn.defaults, ...given.defaults },
    server: { ...builtIn.server, ...given.server },
  };
  const parsed = configSchema.safeParse(merged);
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => `${file}: ${fieldPath(issue.path)}: ${issue.message}`);
    throw new AffinisError('invalid-argument', problems.join('\n'), { field: fieldPath(parsed.error.issues[0]?.path ?? []) });
  }
  checkReferences(parsed.data, file);
  return parsed.data;
}

/** An entry's own fields replace the built-in ones of the same name; `null` removes the entry. */
function mergeEntries(builtIn: Record<string, object>, given: Record<string, object | null> = {}): Record<string, object> {
  const merged: Record<string, object> = { ...builtIn };
  for (const [name, entry] of Object.entries(given)) {
    if (entry === null) delete merged[name];
    else merged[name] = mergeEntry(merged[name], entry);
  }
  return merged;
}

/** `model` and `type` exclude each other, so naming one drops the built-in other. */
function mergeEntry(base: object | undefined, entry: object): object {
  const kept: Record<string, unknown> = { ...base };
  if ('type' in entry) delete kept.model;
  if ('model' in entry) delete kept.type;
  return { ...kept, ...entry };
}

function checkReferences(config: Config, file: string): void {
  const refuse = (field: string, problem: string) => {
    throw new AffinisError('invalid-argument', `${file}: ${field}: ${problem}`, { field });
  };
  for (const [name, { embedder }] of Object.entries(config.pipelines))
    if (!config.embedders[embedder])
      refuse(`pipelines.${name}.embedder`, `no embedder "${embedder}"; there are: ${Object.keys(config.embedders).join(', ')}`);
  for (const [modality, pipeline] of Object.entries(config.defaults))
    if (!config.pipelines[pipeline])
      refuse(`defaults.${modality}`, `no pipeline "${pipeline}"; there are: ${Object.keys(config.pipelines).join(', ')}`);
}

import { z } from 'zod';
import type { MetricDefinition } from '../metric.ts';
import type { EmbedderDefinition } from '../plugin.ts';
import type { Config } from './schema.ts';

/** What plugins offer, with the schemas that mark what is secret. */
export interface Offers {
  readonly metrics: readonly Pick<MetricDefinition, 'id' | 'parameters'>[];
  readonly embedders: readonly Pick<EmbedderDefinition, 'id' | 'parameters'>[];
}

/**
 * The configuration with its secrets hidden. Secret is what a plugin's schema marks so (`.meta({ writeOnly: true })`), any
 * text under a key that ends in a word such as `password` or `apiKey`, and every text that goes to a plugin whose schema
 * cannot be read.
 */
export function redactConfig(config: Config, offers: Offers, hide: (secret: unknown) => string): Config {
  const nodeOf = (offered: Offers['metrics'], type: string) => schemaNode(offered.find(({ id }) => id === type));
  const embedders = Object.entries(config.embedders).map(([name, entry]) => {
    const node = entry.type === undefined ? {} : nodeOf(offers.embedders, entry.type);
    return [name, { ...entry, options: redactValue(entry.options, node, hide) }];
  });
  const metrics = Object.entries(config.metrics).map(([name, entry]) => {
    const parameters = redactValue(entry.parameters, nodeOf(offers.metrics, entry.type), hide);
    return [name, { ...entry, parameters }];
  });
  return { ...config, embedders: Object.fromEntries(embedders), metrics: Object.fromEntries(metrics) };
}

/** As much of JSON Schema as says what is secret. */
interface SchemaNode {
  readonly writeOnly?: boolean;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly additionalProperties?: SchemaNode | boolean;
  readonly items?: SchemaNode | boolean;
  readonly prefixItems?: readonly SchemaNode[];
  readonly anyOf?: readonly SchemaNode[];
  readonly oneOf?: readonly SchemaNode[];
  readonly allOf?: readonly SchemaNode[];
}

const secretName = /(password|passphrase|secret|token|credentials?|(api|access|private)[_-]?key)$/i;

/** Undefined where there is none that can be read. */
function schemaNode(offered: Offers['metrics'][number] | undefined): SchemaNode | undefined {
  if (!offered) return undefined;
  try {
    return z.toJSONSchema(offered.parameters, { io: 'input', unrepresentable: 'any', reused: 'inline' }) as SchemaNode;
  } catch {
    return undefined;
  }
}

function redactValue(value: unknown, node: SchemaNode | undefined, hide: (secret: unknown) => string): unknown {
  const branches = node && branchesOf(node);
  if (branches ? branches.some(({ writeOnly }) => writeOnly) : typeof value === 'string') return hide(value);
  const below = (pick: (branch: SchemaNode) => SchemaNode | boolean | undefined): SchemaNode | undefined =>
    branches && { anyOf: branches.map(pick).filter((each) => typeof each === 'object') };
  if (Array.isArray(value))
    return value.map((each, index) => {
      const items = below(({ items, prefixItems }) => prefixItems?.[index] ?? items);
      return redactValue(each, items, hide);
    });
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, each]) => {
    if (typeof each === 'string' && secretName.test(key)) return [key, hide(each)];
    const inner = below(({ properties, additionalProperties }) => properties?.[key] ?? additionalProperties);
    return [key, redactValue(each, inner, hide)];
  });
  return Object.fromEntries(entries);
}

/** A node and all that its combinations allow. */
function branchesOf(node: SchemaNode): SchemaNode[] {
  const { anyOf = [], oneOf = [], allOf = [] } = node;
  return [node, ...[...anyOf, ...oneOf, ...allOf].flatMap(branchesOf)];
}

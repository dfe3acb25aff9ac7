import type { AffinisError } from '../errors.ts';
import { configJsonSchema } from './json-schema.ts';
import { parseConfig } from './load.ts';
import { configSchema } from './schema.ts';

const builtIn = configSchema.parse({
  plugins: ['@affinis/metric-cosine'],
  models: ['built-in-models'],
  workers: { count: 3, threads: 2 },
  batching: { maxItems: 7 },
  embedders: {
    face: { model: 'face-dlib128', options: { faces: 'single' } },
    own: { type: 'code', options: { a: 1 } },
  },
  metrics: { mls: { type: 'mls', parameters: { floor: 2 } } },
  pipelines: {
    face: { embedder: 'face', metric: 'cosine' },
    other: { embedder: 'face', metric: 'mls', policy: { threshold: 3 } },
  },
  defaults: { image: 'face' },
  server: { port: 1234, logLevel: 'debug' },
});
const parse = (text: string) => parseConfig(text, builtIn);

function refusal(text: string): AffinisError {
  try {
    parse(text);
  } catch (thrown) {
    return thrown as AffinisError;
  }
  throw new Error('was accepted');
}

describe('parseConfig', () => {
  it('changes nothing for an empty file', () => {
    expect(parse('')).toEqual(builtIn);
    expect(parse('server: {}\nworkers: {}\nbatching: {}\nembedders: {}\npipelines: { face: {} }\n')).toEqual(builtIn);
  });

  it('changes only the fields that a file names', () => {
    const config = parse('server: { host: "::1" }\nworkers: { threads: 4 }\nbatching: { maxCost: 5 }\n');
    expect(config.server).toEqual({ ...builtIn.server, host: '::1' });
    expect(config.workers).toEqual({ count: 3, threads: 4 });
    expect(config.batching).toEqual({ ...builtIn.batching, maxCost: 5 });
    expect(config.models).toEqual(['built-in-models']);
  });

  it('merges an entry over the built-in one of its name, and adds others', () => {
    const config = parse('pipelines:\n  other: { metric: cosine }\n  new: { embedder: own, metric: mls }\n');
    expect(config.pipelines.other).toEqual({
      embedder: 'face',
      metric: 'cosine',
      policy: { threshold: 3 },
      prior: 0.5,
      fusion: 'mean',
    });
    expect(config.pipelines.new).toEqual({ embedder: 'own', metric: 'mls', prior: 0.5, fusion: 'mean' });
    expect(config.pipelines.face).toEqual(builtIn.pipelines.face);
  });

  it('takes a fusion for single pipelines, which goes where a composite takes the name', () => {
    const sure = parseConfig('pipelines: { face: { fusion: inverse-variance } }', builtIn);
    expect(sure.pipelines.face).toMatchObject({ embedder: 'face', fusion: 'inverse-variance' });
    const more = 'a: { embedder: own, metric: mls }, b: { embedder: own, metric: mls }';
    expect(parseConfig(`pipelines: { face: { composite: [a, b] }, ${more} }`, sure).pipelines.face).toEqual({
      composite: ['a', 'b'],
      prior: 0.5,
      fusion: 'mean',
    });
    expect(refusal(`pipelines: { c: { composite: [a, b], fusion: inverse-variance }, ${more} }`).message).toContain(
      'a composite fuses as its parts do',
    );
    expect(refusal('pipelines: { face: { fusion: median } }').message).toContain('pipelines.face.fusion');
  });

  it('keeps options when only the model changes, and gives new entries defaults', () => {
    const { embedders } = parse('embedders:\n  face: { model: mine }\n  more: { model: x }\n');
    expect(embedders.face).toEqual({ model: 'mine', options: { faces: 'single' }, uncertainty: 'head' });
    expect(embedders.more).toEqual({ model: 'x', options: {}, uncertainty: 'head' });
  });

  it('drops options and parameters with the type that they were meant for', () => {
    const config = parse(
      'embedders:\n  face: { type: code }\n  own: { model: m }\nmetrics: { mls: { type: cosine } }\n',
    );
    expect(config.embedders.face).toEqual({ type: 'code', options: {}, uncertainty: 'head' });
    expect(config.embedders.own).toEqual({ model: 'm', options: {}, uncertainty: 'head' });
    expect(config.metrics.mls).toEqual({ type: 'cosine', parameters: {} });
    expect(parse('metrics: { mls: { type: mls } }').metrics.mls).toEqual(builtIn.metrics.mls);
  });

  it('removes an entry that is null', () => {
    expect(Object.keys(parse('pipelines: { other: null }').pipelines)).toEqual(['face']);
    expect(parse('pipelines: { unheard-of: null }')).toEqual(builtIn);
  });

  it.each([
    [
      'pipelines:\n  face: { embedder: fase }\n',
      'pipelines.face.embedder',
      'affinis.yaml:2:21: pipelines.face.embedder: no embedder "fase"; there are: face, own',
    ],
    [
      'defaults: { image: gone }',
      'defaults.image',
      'affinis.yaml:1:20: defaults.image: no pipeline "gone"; there are: face, other',
    ],
    [
      'embedders: { face: null }',
      'pipelines.face.embedder',
      'affinis.yaml:1:1: pipelines.face.embedder: no embedder "face"; there are: own',
    ],
    [
      'pipelines:\n  new: { metric: cosine }\n',
      'pipelines.new',
      'affinis.yaml:2:8: pipelines.new: needs "embedder" and "metric"',
    ],
    [
      'embedders:\n  face: { type: code, model: x }\n',
      'embedders.face',
      'affinis.yaml:2:9: embedders.face: needs exactly one of "model" and "type"',
    ],
    ['embedders:\n  new: { options: {} }\n', 'embedders.new', 'affinis.yaml:2:8: embedders.new: needs exactly one'],
    ['server: { prot: 1 }', 'server.prot', 'affinis.yaml:1:11: server.prot: unknown key; did you mean "port"?'],
    [
      'pipelines: { face: { polcy: 1 } }',
      'pipelines.face.polcy',
      'affinis.yaml:1:22: pipelines.face.polcy: unknown key; did you mean "policy"?',
    ],
    [
      'workers: { count: most }',
      'workers.count',
      'affinis.yaml:1:19: workers.count: a whole number above 0, or "auto"',
    ],
    ['pipelines: { Face: {} }', 'pipelines.Face', 'affinis.yaml:1:14: pipelines.Face: not a name: lower-case letters'],
    ['server: 5', 'server', 'affinis.yaml:1:9: server: Invalid input: expected object'],
    ['server: null', 'server', 'affinis.yaml:1:9: server: Invalid input: expected object'],
    [
      'pipelines: { face: { embedder: constructor } }',
      'pipelines.face.embedder',
      'affinis.yaml:1:32: pipelines.face.embedder: no embedder "constructor"',
    ],
  ])('refuses %j', (text, field, message) => {
    const error = refusal(text);
    expect(error).toMatchObject({ code: 'invalid-argument', field });
    expect(error.message.startsWith(message)).toBe(true);
  });

  it('lists every broken reference', () => {
    expect(refusal('embedders: { face: null }').message.split('\n')).toHaveLength(2);
  });
});

describe('configJsonSchema', () => {
  interface Node {
    readonly [keyword: string]: unknown;
    readonly required?: readonly string[];
    readonly properties: Readonly<Record<string, Node>>;
    readonly additionalProperties: { readonly anyOf: readonly Node[] };
  }
  const schema = configJsonSchema() as unknown as Node;

  it('requires nothing, refuses unknown keys and describes every section and field', () => {
    expect(schema).toMatchObject({ title: 'affinis.yaml', additionalProperties: false });
    expect(schema.required).toBeUndefined();
    for (const section of Object.values(schema.properties)) expect(section.description).toBeTruthy();
    for (const section of ['server', 'workers', 'batching'])
      for (const field of Object.values(schema.properties[section]?.properties ?? {}))
        expect(field.description).toBeTruthy();
  });

  it('documents defaults, and allows null for entries only', () => {
    expect(schema.properties.server?.properties.port).toMatchObject({
      default: 50051,
      description: '0 takes a free port',
    });
    expect(schema.properties.pipelines?.additionalProperties.anyOf).toContainEqual({ type: 'null' });
    expect(schema.properties.pipelines?.additionalProperties.anyOf[0]?.required).toBeUndefined();
  });
});

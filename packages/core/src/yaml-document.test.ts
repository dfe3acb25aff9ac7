import { z } from 'zod';
import type { AffinisError } from './errors.ts';
import { parseYamlDocument, readYaml } from './yaml-document.ts';

const schema = z.strictObject({
  server: z.strictObject({ port: z.int().min(0).max(65535).default(1), host: z.string().optional() }).prefault({}),
  pipelines: z
    .record(z.string().regex(/^[a-z]+$/, 'lower-case letters'), z.strictObject({ metric: z.string() }))
    .default({}),
  roots: z.array(z.strictObject({ path: z.string() })).default([]),
});

function refusal(text: string): AffinisError {
  try {
    parseYamlDocument(text, schema, 'a.yaml');
  } catch (thrown) {
    return thrown as AffinisError;
  }
  throw new Error('was accepted');
}

describe('parseYamlDocument', () => {
  it('gives the value with its defaults, also for an empty document', () => {
    expect(parseYamlDocument('server: { host: x }', schema, 'a.yaml').server).toEqual({ port: 1, host: 'x' });
    expect(parseYamlDocument('# nothing\n', schema, 'a.yaml').server).toEqual({ port: 1 });
  });

  it.each([
    [
      'a misspelt key, at the key',
      'sever:\n  port: 1\n',
      'sever',
      'a.yaml:1:1: sever: unknown key; did you mean "server"? Known keys: server, pipelines, roots',
    ],
    [
      'a nested one',
      'server:\n  prot: 1\n',
      'server.prot',
      'a.yaml:2:3: server.prot: unknown key; did you mean "port"? Known keys: port, host',
    ],
    [
      'one inside a record',
      'pipelines:\n  face:\n    metric: x\n    metrik: y\n',
      'pipelines.face.metrik',
      'a.yaml:4:5: pipelines.face.metrik: unknown key; did you mean "metric"?',
    ],
    [
      'one inside a list',
      'roots:\n  - path: x\n    paht: y\n',
      'roots[0].paht',
      'a.yaml:3:5: roots[0].paht: unknown key; did you mean "path"?',
    ],
    [
      'a wrong type, at the value',
      'server:\n  port: many\n',
      'server.port',
      'a.yaml:2:9: server.port: Invalid input: expected',
    ],
    ['a value out of range', 'server: { port: 70000 }', 'server.port', 'a.yaml:1:17: server.port: Too big'],
    ['a missing field, at its parent', 'roots:\n  - {}\n', 'roots[0].path', 'a.yaml:2:5: roots[0].path: Invalid input'],
    [
      'a name that is none',
      'pipelines:\n  Face: { metric: x }\n',
      'pipelines.Face',
      'a.yaml:2:3: pipelines.Face: not a name: lower-case letters',
    ],
    ['a document that is no map', '[1]', 'a.yaml', 'a.yaml:1:1: document: Invalid input: expected object'],
  ])('names file, line, column and field of %s', (_, text, field, message) => {
    const error = refusal(text);
    expect(error).toMatchObject({ code: 'invalid-argument', field, reason: 'BAD_FILE' });
    expect(error.message.startsWith(message)).toBe(true);
  });

  it('suggests nothing where nothing is alike', () => {
    expect(refusal('server: { encryption: 1 }').message).toMatch(/unknown key; Known keys: port, host$/);
  });

  it('lists every problem on a line of its own', () => {
    const lines = refusal('server: { port: x, a: 1, b: 2 }\nroots: 5\n').message.split('\n');
    expect(lines.map((line) => line.split(': ')[1])).toEqual(
      expect.arrayContaining(['server.port', 'server.a', 'server.b', 'roots']),
    );
    expect(lines).toHaveLength(4);
  });

  it.each([
    ['an open bracket', 'server: [1, 2\n', 'a.yaml:2:1: '],
    ['a key given twice', 'roots: []\nroots: []\n', 'a.yaml:2:1: '],
    ['an indented tab', 'server:\n\tport: 1\n', 'a.yaml:2:1: '],
    ['two documents', 'roots: []\n---\nroots: []\n', 'a.yaml:2:1: '],
  ])('tells where the syntax is broken: %s', (_, text, message) => {
    expect(refusal(text)).toMatchObject({ code: 'invalid-argument', reason: 'BAD_FILE', field: 'a.yaml' });
    expect(refusal(text).message.startsWith(message)).toBe(true);
  });

  it('refuses aliases that grow without end', () => {
    const level = (n: number) =>
      `l${n}: &l${n} [${Array(9)
        .fill(n ? `*l${n - 1}` : 'x')
        .join(', ')}]\n`;
    expect(refusal([0, 1, 2, 3, 4, 5].map(level).join(''))).toMatchObject({
      code: 'invalid-argument',
      reason: 'BAD_FILE',
    });
  });
});

describe('positionOf', () => {
  it('falls back to what is nearest', () => {
    const document = readYaml('a:\n  b: 1\n', 'a.yaml');
    expect(document.positionOf(['a', 'b'])).toBe('a.yaml:2:6');
    expect(document.positionOf(['a', 'b'], 'key')).toBe('a.yaml:2:3');
    expect(document.positionOf(['a', 'c', 'd'])).toBe('a.yaml:2:3');
    expect(readYaml('', 'a.yaml').positionOf(['x'])).toBe('a.yaml');
  });
});

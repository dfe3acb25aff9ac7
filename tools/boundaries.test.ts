import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const cases = [
  {
    name: 'core imports a backend',
    path: 'packages/core/src/broken.ts',
    text: "export * from '@affinis/backend-onnx';",
    expected: /Circular dependency between "@affinis\/core" and "@affinis\/backend-onnx"/,
  },
  {
    name: 'a metric imports contracts',
    path: 'packages/metric-cosine/src/broken.ts',
    text: "export * from '@affinis/contracts';",
    expected: /"type:metric" can only depend on libs tagged with "type:core"/,
  },
  {
    name: 'a modality imports a metric on demand',
    path: 'packages/modality-image/src/broken.ts',
    text: "export const metric = () => import('@affinis/metric-cosine');",
    expected: /"type:modality" can only depend on libs tagged with "type:core"/,
  },
  {
    name: 'a modality imports a backend outside its tests',
    path: 'packages/modality-image/src/broken.ts',
    text: "export * from '@affinis/backend-onnx';",
    expected: /"type:modality" can only depend on libs tagged with "type:core"/,
  },
  {
    name: 'the client imports the conformance suites outside its tests',
    path: 'packages/client/src/broken.ts',
    text: "export * from '@affinis/conformance';",
    expected: /"type:client" can only depend on libs tagged with/,
  },
  {
    name: 'the host of plugin processes imports grpc-js past the client',
    path: 'packages/plugin-host/src/broken.ts',
    text: "export * from '@grpc/grpc-js';",
    expected: /"type:plugin-host" is not allowed to import "@grpc\/grpc-js"/,
  },
  {
    name: 'a metric imports onnxruntime-node',
    path: 'packages/metric-cosine/src/broken.ts',
    text: "export * from 'onnxruntime-node';",
    expected: /"type:metric" is not allowed to import "onnxruntime-node"/,
  },
  {
    name: 'core imports @grpc/grpc-js',
    path: 'packages/core/src/broken.ts',
    text: "import type { ServiceError } from '@grpc/grpc-js';\nexport type Broken = ServiceError;",
    expected: /"type:core" is not allowed to import "@grpc\/grpc-js"/,
  },
  {
    name: 'the server imports onnxruntime-node',
    path: 'apps/server/src/broken.ts',
    text: "export * from 'onnxruntime-node';",
    expected: /"type:app" is not allowed to import "onnxruntime-node"/,
  },
  {
    name: 'a package reaches into another by path',
    path: 'packages/metric-cosine/src/broken.ts',
    text: "export * from '../../core/src/index.ts';",
    expected: /Projects cannot be imported by a relative or absolute path/,
  },
  {
    name: 'a metric imports a library that its package.json does not name',
    path: 'packages/metric-cosine/src/broken.ts',
    text: "export * from 'sharp';",
    expected: /Only packages defined in the "package.json" can be imported/,
  },
  {
    name: 'a rule switched off by a comment',
    path: 'packages/metric-cosine/src/broken.ts',
    text: "// eslint-disable-next-line\nexport * from '@affinis/contracts';",
    expected: /"type:metric" can only depend on libs tagged with "type:core"/,
  },
];

const allowed = [
  {
    name: 'a metric imports core',
    path: 'packages/metric-cosine/src/whole.ts',
    text: "export * from '@affinis/core';",
  },
  {
    name: 'a test of a metric imports the conformance suites',
    path: 'packages/metric-cosine/src/whole.test.ts',
    text: "export * from '@affinis/conformance';",
  },
  {
    name: 'a test of a modality imports a backend',
    path: 'packages/modality-image/src/whole.test.ts',
    text: "export * from '@affinis/backend-onnx';",
  },
  {
    name: 'a backend imports its engine',
    path: 'packages/backend-onnx/src/whole.ts',
    text: "export * from 'onnxruntime-node';",
  },
  { name: 'the client imports grpc', path: 'packages/client/src/whole.ts', text: "export * from '@grpc/grpc-js';" },
];

describe('boundaries between packages', () => {
  let messages: readonly (readonly string[])[];
  beforeAll(() => {
    messages = lint([...cases, ...allowed]);
  }, 60_000);

  it.each(cases.map((item, index) => ({ ...item, index })))('reports: $name', ({ index, expected }) => {
    expect(messages[index]?.join('\n')).toMatch(expected);
  });

  it.each(allowed.map((item, index) => ({ ...item, index })))('allows: $name', ({ index }) => {
    expect(messages[cases.length + index]).toEqual([]);
  });
});

function lint(files: readonly { path: string; text: string }[]): string[][] {
  const script = fileURLToPath(new URL('boundaries.mjs', import.meta.url));
  const input = JSON.stringify(files);
  return JSON.parse(execFileSync(process.execPath, [script, '--stdin'], { input, encoding: 'utf8' }));
}

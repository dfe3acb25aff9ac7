import nx from '@nx/eslint-plugin';
import parser from '@typescript-eslint/parser';

/** ESLint checks one thing, which way packages may depend on each other; Biome does the rest. */
const testFiles = ['**/*.test.ts', '**/testing/**/*.{ts,mjs}'];

/** What each type of package may import. A new type of package gets a line here. */
const mayImport = {
  core: [],
  kernels: ['core'],
  store: ['core'],
  contracts: ['core'],
  backend: ['core'],
  modality: ['core'],
  metric: ['core'],
  evaluation: ['core'],
  fitting: ['core', 'evaluation'],
  conformance: ['core'],
  client: ['core', 'contracts'],
  'plugin-sdk': ['core', 'contracts'],
  'plugin-host': ['core', 'contracts', 'client'],
  app: [
    'core',
    'contracts',
    'backend',
    'modality',
    'metric',
    'kernels',
    'store',
    'evaluation',
    'fitting',
    'client',
    'plugin-host',
    'plugin-sdk',
    'conformance',
  ],
  bench: [
    'core',
    'contracts',
    'backend',
    'modality',
    'kernels',
    'store',
    'metric',
    'evaluation',
    'client',
    'conformance',
    'plugin-host',
    'plugin-sdk',
  ],
};
const testsMayAlsoImport = ['conformance', 'backend', 'metric', 'kernels', 'store', 'plugin-sdk', 'client'];

/** Libraries that only some types of package may import. */
const reserved = [
  { imports: ['@grpc/*', 'grpc-health-check'], types: ['contracts', 'client', 'plugin-sdk', 'app', 'bench'] },
  { imports: ['onnxruntime-*', '@tensorflow/*'], types: ['backend', 'fitting', 'bench'] },
];

export default [
  { ignores: ['**/dist/**', '**/generated/**', '**/node_modules/**', 'packages/kernels/assembly/**'] },
  boundaries({ files: ['{packages,apps,bench}/**/*.{ts,mjs}'], ignores: testFiles }, []),
  // A plugin that a test loads imports the package under test by name, as a user's plugin does.
  boundaries({ files: testFiles }, testsMayAlsoImport, { allowCircularSelfDependency: true }),
];

function boundaries(scope, alsoImport, more = {}) {
  const depConstraints = Object.entries(mayImport).map(([type, imports]) => ({
    sourceTag: `type:${type}`,
    onlyDependOnLibsWithTags: [...new Set([...imports, ...alsoImport])].map((target) => `type:${target}`),
    bannedExternalImports: reserved.filter(({ types }) => !types.includes(type)).flatMap(({ imports }) => imports),
  }));
  const options = { depConstraints, banTransitiveDependencies: true, enforceBuildableLibDependency: true, ...more };
  return {
    ...scope,
    languageOptions: { parser },
    linterOptions: { noInlineConfig: true },
    plugins: { '@nx': nx },
    rules: { '@nx/enforce-module-boundaries': ['error', options] },
  };
}

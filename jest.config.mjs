/** Tests run on source through swc; worker threads and the server under test run on the build (`npm test` builds first). */
export default {
  testMatch: ['<rootDir>/{packages,apps,tools,examples,bench}/**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/', '/dist/'],
  modulePathIgnorePatterns: ['/dist/'],
  testEnvironment: '<rootDir>/tools/jest-environment.mjs',
  testEnvironmentOptions: { customExportConditions: ['@affinis/source', 'node', 'node-addons'] },
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { target: 'es2023', parser: { syntax: 'typescript' } }, module: { type: 'commonjs' } },
    ],
  },
  extensionsToTreatAsEsm: [],
  reporters: ['default', '<rootDir>/tools/count-reporter.mjs'],
  testTimeout: 30000,
};

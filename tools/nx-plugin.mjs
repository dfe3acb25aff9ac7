import { dirname } from 'node:path';

/** Gives every workspace package the same build, test and lint targets, so that none of them lists its own. */
export const name = 'affinis';

export const createNodesV2 = [
  '{packages/*,apps/*,bench}/package.json',
  (files) => files.map((file) => [file, { projects: { [dirname(file)]: { targets } } }]),
];

const targets = {
  build: {
    command: 'tsc -b {projectRoot}',
    cache: true,
    dependsOn: ['^build'],
    inputs: ['source', '^source', 'toolchain'],
    outputs: ['{projectRoot}/dist'],
  },
  test: {
    command: 'jest --passWithNoTests {projectRoot}',
    cache: true,
    dependsOn: ['build'],
    inputs: ['source', '^source', 'toolchain', 'tests', 'data'],
  },
  lint: {
    command: 'biome ci {projectRoot} && eslint --max-warnings 0 --no-error-on-unmatched-pattern {projectRoot}',
    cache: true,
    inputs: ['source', '^source', '{workspaceRoot}/biome.json', '{workspaceRoot}/eslint.config.mjs'],
  },
};

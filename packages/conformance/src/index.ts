export * from './backend-conformance.ts';
export * from './development-data.ts';
export * from './embedder-conformance.ts';
export * from './metric-claims.ts';
export * from './metric-conformance.ts';
export * from './metric-references.ts';
export * from './scan-references.ts';
export * from './test-runner.ts';

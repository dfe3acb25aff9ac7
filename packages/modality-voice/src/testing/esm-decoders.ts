/**
 * Loads an ESM-only package past Jest, which takes such packages on Node 24 or with a flag only; Node itself can. Use it
 * as a factory: `jest.mock('opus-decoder', () => jest.requireActual('./testing/esm-decoders.ts').loadEsm('opus-decoder'))`.
 */
export function loadEsm(name: string): unknown {
  // The environment hands through the outer realm's typed arrays, and with them that realm's Function, where `process`
  // and its built-in modules are Node's own and not Jest's.
  const OuterFunction = Float32Array.constructor as FunctionConstructor;
  const { createRequire } = OuterFunction(
    "return process.getBuiltinModule('node:module')",
  )() as typeof import('node:module');
  return createRequire(import.meta.filename)(name);
}

/** What a suite needs of a test framework; Jest, Vitest and node:test fit. Assertions come from node:assert. */
export interface TestRunner {
  describe(name: string, body: () => void): void;
  it(name: string, body: () => void | Promise<void>): void;
  afterAll(body: () => void | Promise<void>): void;
}

/** Jest's global functions, looked up when a suite is declared. */
export function globalRunner(): TestRunner {
  const { describe, it, afterAll } = globalThis as unknown as Partial<TestRunner>;
  if (!describe || !it || !afterAll)
    throw new Error('[conformance] no global describe, it and afterAll; pass them as the `runner` option');
  return { describe, it, afterAll };
}

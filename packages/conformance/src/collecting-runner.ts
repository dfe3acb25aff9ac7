import type { TestRunner } from './test-runner.ts';

/** A runner that keeps the tests it is given, so that a suite can be run against something broken on purpose. */
export function collectingRunner(): { readonly runner: TestRunner; failures(): Promise<readonly string[]> } {
  const tests: [string, () => void | Promise<void>][] = [];
  const endings: (() => void | Promise<void>)[] = [];
  return {
    runner: {
      describe: (_, body) => body(),
      it: (name, body) => void tests.push([name, body]),
      afterAll: (body) => void endings.push(body),
    },

    /** Runs everything; the names of the tests that failed. */
    async failures() {
      const failed: string[] = [];
      for (const [name, body] of tests) {
        try {
          await body();
        } catch {
          failed.push(name);
        }
      }
      for (const body of endings) await body();
      return failed;
    },
  };
}

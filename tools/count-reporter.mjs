import { writeFileSync } from 'node:fs';

/** Ends a run with one plain line of counts, also written to the file that AFFINIS_TEST_COUNTS names. */
export default class CountReporter {
  onRunComplete(_contexts, results) {
    // A file that does not even load has no failed tests of its own, and must not look like a success.
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
    const skipped = results.numPendingTests + results.numTodoTests;
    const line = `${results.numPassedTests} passed, ${failed} failed, ${skipped} skipped`;
    process.once('exit', () => console.log(line));
    if (process.env.AFFINIS_TEST_COUNTS) writeFileSync(process.env.AFFINIS_TEST_COUNTS, `${line}\n`);
  }
}

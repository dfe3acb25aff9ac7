export type { Benchmark, Outcome, Report, Skipped } from './benchmark.ts';
export { benchmarks } from './benchmarks.ts';

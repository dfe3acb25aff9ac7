/** One measurement with a name: `npm run bench -- NAME`. */
export interface Benchmark {
  readonly name: string;
  /** One line for the list. */
  readonly description: string;
  run(): Promise<Outcome>;
}

export type Outcome = Report | Skipped;

export interface Report {
  /** Named numbers that later runs can be held to, wherever they run. */
  readonly ratios: Readonly<Record<string, number>>;
  /** Everything else worth writing down; numbers with their unit in their name. */
  readonly figures: Readonly<Record<string, unknown>>;
}

export interface Skipped {
  /** What was missing. */
  readonly skipped: string;
}

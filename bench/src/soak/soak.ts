/** A fault run with a name: `npm run soak -- NAME [--rounds N]`. */
export interface Soak {
  readonly name: string;
  /** One line for the list. */
  readonly description: string;
  readonly defaultRounds: number;
  /** Runs one fault; throws where what was promised is not kept. Returns numbers that are added up over the rounds. */
  round(random: () => number): Promise<Readonly<Record<string, number>>>;
  /** After the last round, also where it failed; throws as `round` does. Returns more numbers. */
  finish?(): Promise<Readonly<Record<string, number>>>;
}

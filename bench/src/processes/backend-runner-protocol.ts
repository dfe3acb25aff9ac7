export type EngineName = 'onnx' | 'native' | 'wasm';

export interface RunQuestion {
  readonly batchSize: number;
  readonly runMs: number;
}

export interface RunAnswer {
  /** Milliseconds an image, the median over the calls. */
  readonly msPerImage: number;
  /** User and system time of the process, which other work on the machine touches less. */
  readonly cpuMsPerImage: number;
  /** Resident memory of the process. */
  readonly rssMb: number;
}

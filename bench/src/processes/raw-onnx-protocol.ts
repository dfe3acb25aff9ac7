export interface RawWorkerData {
  readonly model: string;
  readonly batchSize: number;
}

export interface RawQuestion {
  readonly runMs: number;
}

export interface RawMeasurement {
  readonly itemsPerSecond: number;
}

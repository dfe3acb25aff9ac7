/** A decoded recording, its channels averaged. */
export interface DecodedAudio {
  /** Mono, -1..1 (lossy codecs may overshoot a little). */
  readonly samples: Float32Array;
  readonly sampleRateHz: number;
  /** What the recording had before they were averaged. */
  readonly channels: number;
}

export interface AudioLimits {
  readonly maxDurationMs: number;
}

/** Decodes one format. Checks the limit from headers where they tell, else while decoding, before memory is taken. */
export type AudioDecoder = (bytes: Uint8Array, limits: AudioLimits) => Promise<DecodedAudio>;

export const sampleRateRangeHz = { lowest: 4000, highest: 192_000 } as const;
export const maxChannels = 8;

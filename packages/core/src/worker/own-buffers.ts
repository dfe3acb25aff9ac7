import { payloadOf, type Sample } from '../sample.ts';
import type { Tensor } from '../tensor.ts';

/** Samples with buffers of their own, which may move to another thread, and those buffers. */
export interface OwnedSamples {
  readonly samples: readonly Sample[];
  readonly transfer: ArrayBuffer[];
}

/**
 * Copies the payloads out of the buffers they lie in: posting a view (into a gRPC message, say) would clone the whole
 * buffer behind it, and moving the caller's own would empty it under another pipeline that embeds the same sample.
 */
export function ownBuffers(samples: readonly Sample[]): OwnedSamples {
  const owned = samples.map(copySample);
  const transfer = owned.flatMap((sample) => (payloadOf(sample)?.buffer as ArrayBuffer | undefined) ?? []);
  return { samples: owned, transfer };
}

function copySample(sample: Sample): Sample {
  switch (sample.kind) {
    case 'media':
      return { ...sample, bytes: copyOf(sample.bytes) };
    case 'pcm':
      return { ...sample, samples: copyOf(sample.samples) };
    case 'tensor':
      return { ...sample, tensor: { ...sample.tensor, data: copyOf(sample.tensor.data) } as Tensor };
    case 'text':
      return sample;
  }
}

/** Not `slice`: a Buffer's gives a view. */
export function copyOf<T extends Uint8Array | Float32Array | Tensor['data']>(values: T): T {
  return (values instanceof Uint8Array ? new Uint8Array(values) : values.slice()) as T;
}

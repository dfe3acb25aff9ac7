import { AffinisError, type Tensors } from '@affinis/core';

/** A helper model's output, which must be float32. */
export function floatsOf(results: Tensors, name: string): Float32Array {
  const tensor = results[name];
  if (tensor?.dtype === 'float32') return tensor.data;
  throw new AffinisError(
    'failed-precondition',
    `[modality-image] output "${name}" is ${tensor?.dtype ?? 'missing'} where float32 is expected; correct the model's model.yaml`,
    { field: 'output', reason: 'MODEL_OUTPUT' },
  );
}

import type { GraphModel } from '@tensorflow/tfjs-converter';
import type { NamedTensorMap, Tensor } from '@tensorflow/tfjs-core';
import { shapeOf, type TfjsModel } from './tfjs-model.ts';

/** Names are those of the signature where the model has one, else those of its nodes. */
export function wrapGraphModel(model: GraphModel): TfjsModel {
  const { outputs: signed }: { outputs?: object } = model.modelSignature ?? {};
  const weightIds = new Set(Object.values(model.weights).flatMap((tensors) => tensors.map(({ id }) => id)));
  let dynamic = false;

  const execute = (inputs: NamedTensorMap, outputs: string[]) => {
    if (dynamic) return model.executeAsync(inputs, outputs);
    try {
      return model.execute(inputs, outputs);
    } catch (thrown) {
      // The only way to learn that a graph has control flow or outputs of unknown size.
      if (!(thrown instanceof Error) || !thrown.message.includes('executeAsync')) throw thrown;
      dynamic = true;
      return model.executeAsync(inputs, outputs);
    }
  };

  return {
    inputs: model.inputs.map(({ shape, dtype }, index) => ({
      name: model.inputNodes[index] ?? '',
      dtype,
      shape: shapeOf(shape),
    })),
    outputNames: signed ? Object.keys(signed) : model.outputNodes,
    async execute(inputs, outputs) {
      const results: Tensor | Tensor[] = await execute({ ...inputs }, [...outputs]);
      return [results].flat().map((tensor) => (weightIds.has(tensor.id) ? tensor.clone() : tensor));
    },
    dispose: () => model.dispose(),
  };
}

import type { Tensor } from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { shapeOf, type TfjsModel } from './tfjs-model.ts';

/** A Keras model. It computes all of its outputs at once, so those that nobody asked for are freed. */
export function wrapLayersModel(model: LayersModel): TfjsModel {
  // A sequential model learns its names here.
  if (model.outputNames.length === 0) model.build(model.inputs[0]?.shape ?? []);
  return {
    inputs: model.inputs.map(({ shape, dtype }, index) => ({
      name: model.inputNames[index] ?? '',
      dtype,
      shape: shapeOf(shape),
    })),
    outputNames: model.outputNames,
    async execute(inputs, outputs) {
      const given = model.inputNames.map((name) => inputs[name]).filter((tensor) => tensor !== undefined);
      const results: Tensor | Tensor[] = model.predictOnBatch(given);
      const byName = new Map([results].flat().map((tensor, index) => [model.outputNames[index], tensor]));
      for (const [name, tensor] of byName) if (!outputs.includes(name ?? '')) tensor.dispose();
      return outputs.map((name) => byName.get(name)).filter((tensor) => tensor !== undefined);
    },
    dispose: () => void model.dispose(),
  };
}

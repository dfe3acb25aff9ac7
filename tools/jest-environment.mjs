import { TestEnvironment } from 'jest-environment-node';

/** Node's environment with the outer realm's typed arrays, which native addons (onnxruntime) hand out and check for. */
export default class NativeArraysEnvironment extends TestEnvironment {
  constructor(config, context) {
    super(config, context);
    Object.assign(this.global, { Float32Array, Float64Array, Uint8Array, Int32Array, BigInt64Array, ArrayBuffer });
  }
}

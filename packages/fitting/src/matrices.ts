import { AffinisError } from '@affinis/core';

/** Products of row-major float32 matrices by TensorFlow.js. */
export interface Matrices {
  readonly backend: 'wasm' | 'cpu';
  /** float32[rows, inner] x float32[inner, columns] → float32[rows, columns], a new array. */
  multiply(left: Float32Array, right: Float32Array, rows: number, inner: number, columns: number): Float32Array;
}

/**
 * Takes TensorFlow.js over for this thread: WebAssembly where it starts, else plain JavaScript, which is twenty times
 * slower. Only products come from it: tfjs-core by itself has no gradients, and products with a transposed side, which
 * its gradients would be made of, are 14 times slower on WebAssembly than transposing first.
 */
export async function openMatrices(): Promise<Matrices> {
  const tf = await load();
  tf.enableProdMode();
  const backend = (await start(tf, 'wasm')) ? 'wasm' : 'cpu';
  if (backend === 'cpu' && !(await start(tf, 'cpu')))
    throw new AffinisError('unavailable', '[fitting] TensorFlow.js starts neither its wasm nor its cpu backend');
  return {
    backend,
    multiply(left, right, rows, inner, columns) {
      // No tidy(): it walks every number of an array that is returned from it.
      const a = tf.tensor2d(left, [rows, inner]);
      const b = tf.tensor2d(right, [inner, columns]);
      const product = tf.matMul(a, b);
      try {
        return product.dataSync<'float32'>();
      } finally {
        for (const tensor of [a, b, product]) tensor.dispose();
      }
    },
  };
}

async function load() {
  try {
    const tf = await import('@tensorflow/tfjs-core');
    await import('@tensorflow/tfjs-backend-cpu');
    await import('@tensorflow/tfjs-backend-wasm');
    return tf;
  } catch (cause) {
    throw new AffinisError('unavailable', '[fitting] needs @tensorflow/tfjs-core and its backends; run npm ci', {
      cause,
    });
  }
}

async function start(tf: Awaited<ReturnType<typeof load>>, backend: 'wasm' | 'cpu'): Promise<boolean> {
  try {
    return await tf.setBackend(backend);
  } catch {
    return false;
  }
}

/** float32[rows, columns] → float32[columns, rows], in blocks that fit a cache. */
export function transpose(values: Float32Array, rows: number, columns: number): Float32Array {
  const out = new Float32Array(values.length);
  for (let row0 = 0; row0 < rows; row0 += block)
    for (let column0 = 0; column0 < columns; column0 += block)
      for (let row = row0; row < Math.min(rows, row0 + block); row++)
        for (let column = column0; column < Math.min(columns, column0 + block); column++)
          out[column * rows + row] = values[row * columns + column] as number;
  return out;
}

const block = 16;

import FFT from 'fft.js';

/** Power spectra of two real frames at once, `float64[size]` each, to `float64[size / 2 + 1]` each. */
export type PowerSpectra = (a: Float64Array, b: Float64Array, powerA: Float64Array, powerB: Float64Array) => void;

/**
 * |DFT|² of any even size. Two real frames go through one complex transform, one as its imaginary part. Nothing is
 * allocated per call.
 */
export function createPowerSpectra(size: number): PowerSpectra {
  const transform = isPowerOfTwo(size) ? radixTwo(size) : bluestein(size);
  const input = new Float64Array(2 * size);
  const output = new Float64Array(2 * size);
  return (a, b, powerA, powerB) => {
    for (let i = 0; i < size; i++) {
      input[2 * i] = a[i] ?? 0;
      input[2 * i + 1] = b[i] ?? 0;
    }
    transform(input, output);
    for (let k = 0; k <= size / 2; k++) {
      const mirrored = (size - k) % size;
      const [re, im] = [output[2 * k] ?? 0, output[2 * k + 1] ?? 0];
      const [mirroredRe, mirroredIm] = [output[2 * mirrored] ?? 0, output[2 * mirrored + 1] ?? 0];
      powerA[k] = ((re + mirroredRe) ** 2 + (im - mirroredIm) ** 2) / 4;
      powerB[k] = ((im + mirroredIm) ** 2 + (re - mirroredRe) ** 2) / 4;
    }
  };
}

/** Complex DFT of interleaved real and imaginary parts, `float64[2 * size]`. */
type Transform = (input: Float64Array, output: Float64Array) => void;

function radixTwo(size: number): Transform {
  const fft = new FFT(size);
  return (input, output) => fft.transform(output, input);
}

/** A DFT of any size as a convolution with a chirp, done by transforms of a power of two (Bluestein 1970). */
function bluestein(size: number): Transform {
  const padded = 2 ** Math.ceil(Math.log2(2 * size));
  const fft = new FFT(padded);
  const chirp = createChirp(size);
  const kernel = transformedKernel(fft, chirp, size, padded);
  const work = new Float64Array(2 * padded);
  const spectrum = new Float64Array(2 * padded);
  return (input, output) => {
    multiply(input, chirp, work, size);
    work.fill(0, 2 * size);
    fft.transform(spectrum, work);
    multiply(spectrum, kernel, spectrum, padded);
    fft.inverseTransform(work, spectrum);
    multiply(work, chirp, output, size);
  };
}

/** exp(-i π n² / size); n² is reduced first, so that large n keep their precision. */
function createChirp(size: number): Float64Array {
  const chirp = new Float64Array(2 * size);
  for (let n = 0; n < size; n++) {
    const angle = (Math.PI * ((n * n) % (2 * size))) / size;
    chirp[2 * n] = Math.cos(angle);
    chirp[2 * n + 1] = -Math.sin(angle);
  }
  return chirp;
}

function transformedKernel(fft: FFT, chirp: Float64Array, size: number, padded: number): Float64Array {
  const kernel = new Float64Array(2 * padded);
  for (let n = 0; n < size; n++)
    for (const at of n === 0 ? [0] : [n, padded - n]) {
      kernel[2 * at] = chirp[2 * n] ?? 0;
      kernel[2 * at + 1] = -(chirp[2 * n + 1] ?? 0);
    }
  const transformed = new Float64Array(2 * padded);
  fft.transform(transformed, kernel);
  return transformed;
}

/** Element-wise complex product; `product` may be `a`. */
function multiply(a: Float64Array, b: Float64Array, product: Float64Array, count: number): void {
  for (let i = 0; i < 2 * count; i += 2) {
    const [aRe = 0, aIm = 0, bRe = 0, bIm = 0] = [a[i], a[i + 1], b[i], b[i + 1]];
    product[i] = aRe * bRe - aIm * bIm;
    product[i + 1] = aRe * bIm + aIm * bRe;
  }
}

const isPowerOfTwo = (size: number) => size >= 2 && (size & (size - 1)) === 0;

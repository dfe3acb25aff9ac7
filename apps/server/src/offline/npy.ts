import { type FileHandle, open } from 'node:fs/promises';
import { elementCount, type Tensor } from '@affinis/core';

/** A NumPy file of known shape that is filled row by row; rows that are not written stay 0. */
export interface NpyFile {
  /** Writes consecutive rows (of the first axes, as many as `values` holds) from the element `first` on. */
  write(first: number, values: Tensor['data']): Promise<void>;
  /** On disk when it resolves. */
  close(): Promise<void>;
}

/** NumPy's names of the types, little endian as every machine that the ONNX runtime is built for. */
const descriptors = { float32: '<f4', uint8: '|u1', int32: '<i4', int64: '<i8' } as const;
const bytesPerElement = { float32: 4, uint8: 1, int32: 4, int64: 8 } as const;
/** The operating system writes at most 2 GiB at once. */
const bytesAtOnce = 1 << 26;

/** Starts a file in NumPy's format 1.0: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html */
export async function createNpy(file: string, dtype: Tensor['dtype'], shape: readonly number[]): Promise<NpyFile> {
  const header = headerOf(dtype, shape);
  const size = bytesPerElement[dtype];
  const handle = await open(file, 'wx', 0o644);
  try {
    await writeAt(handle, header, 0);
    await handle.truncate(header.length + elementCount(shape) * size);
  } catch (thrown) {
    await handle.close();
    throw thrown;
  }
  return {
    write: (first, values) =>
      writeAt(
        handle,
        new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
        header.length + first * size,
      ),
    async close() {
      try {
        await handle.sync();
      } finally {
        await handle.close();
      }
    },
  };
}

/** Writes a whole array; no copy of it is made. */
export async function writeNpy(file: string, { dtype, shape, data }: Tensor): Promise<void> {
  const npy = await createNpy(file, dtype, shape);
  try {
    await npy.write(0, data);
  } finally {
    await npy.close();
  }
}

/** A whole array as the bytes of such a file; `space` is named in a comment of the header, which NumPy reads over. */
export function npyBytes({ dtype, shape, data }: Tensor, space: string): Buffer {
  return Buffer.concat([
    headerOf(dtype, shape, ` # space: ${ascii(space)}`),
    new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
  ]);
}

/** A JSON string in ASCII, as headers are. */
const ascii = (text: string): string =>
  JSON.stringify(text).replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);

function headerOf(dtype: Tensor['dtype'], shape: readonly number[], comment = ''): Buffer {
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`;
  const text = `{'descr': '${descriptors[dtype]}', 'fortran_order': False, 'shape': ${tuple}, }${comment}`;
  const prefix = 10;
  // Padded so that the array begins at a multiple of 64.
  const length = Math.ceil((prefix + text.length + 1) / 64) * 64 - prefix;
  const header = Buffer.alloc(prefix + length, ' ');
  header.write('\x93NUMPY\x01\x00', 0, 'latin1');
  header.writeUInt16LE(length, 8);
  header.write(text, prefix, 'latin1');
  header.write('\n', prefix + length - 1, 'latin1');
  return header;
}

async function writeAt(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await handle.write(
      bytes.subarray(done, done + bytesAtOnce),
      0,
      undefined,
      position + done,
    );
    done += bytesWritten;
  }
}

import { AffinisError } from '@affinis/core';
import { z } from 'zod';

/** A learned factor, float32[P, D], row-major and finite. */
export interface LearnedMatrix {
  readonly matrix: Float32Array;
  /** P */
  readonly outputs: number;
  /** D */
  readonly dimension: number;
  /** Of the embeddings that it was learned from, where the file says so. */
  readonly space?: string;
}

const magic = Buffer.from('\x93NUMPY', 'latin1');
const rowsSchema = z.array(z.array(z.number()).min(1)).min(1);
const bytesPerNumber = { '<f4': 4, '<f8': 8 } as const;

/**
 * Reads a NumPy file of little-endian float32 or float64 [P, D], or a JSON array of rows. Throws `invalid-argument`
 * naming the file and what is wrong with it.
 */
export function parseMatrix(bytes: Buffer, file: string): LearnedMatrix {
  const read = bytes.subarray(0, magic.length).equals(magic) ? parseNpy(bytes, file) : parseRows(bytes, file);
  const wrong = read.matrix.findIndex((value) => !Number.isFinite(value));
  if (wrong >= 0)
    throw unfit(
      file,
      `holds ${read.matrix[wrong]} in row ${Math.floor(wrong / read.dimension)}, beyond float32; learn it again`,
    );
  return read;
}

/**
 * https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html. The header is a Python literal, in which
 * `fit-metric` names the space as a comment, `# space: "…"`: NumPy reads over it.
 */
function parseNpy(bytes: Buffer, file: string): LearnedMatrix {
  const wide = (bytes[magic.length] ?? 1) > 1;
  const start = wide ? 12 : 10;
  if (bytes.length < start) throw unfit(file, 'is cut off; write it again');
  const data = start + (wide ? bytes.readUInt32LE(8) : bytes.readUInt16LE(8));
  const header = bytes.toString('latin1', start, data);
  const type = /'descr': *'([^']*)'/.exec(header)?.[1];
  const shape = /'shape': *\((\d+), *(\d+)\)/.exec(header);
  if ((type !== '<f4' && type !== '<f8') || !shape || !/'fortran_order': *False/.test(header))
    throw unfit(file, 'is no float32 or float64 [P, D] in C order; write numpy.ascontiguousarray(L, dtype="float32")');
  const [outputs, dimension] = [Number(shape[1]), Number(shape[2])];
  const size = bytesPerNumber[type];
  if (outputs * dimension === 0 || bytes.length !== data + outputs * dimension * size)
    throw unfit(file, `does not hold the ${outputs} x ${dimension} numbers that it announces; write it again`);
  const matrix = Float32Array.from({ length: outputs * dimension }, (_, i) =>
    size === 4 ? bytes.readFloatLE(data + i * size) : bytes.readDoubleLE(data + i * size),
  );
  const space = /# space: (".*")/.exec(header)?.[1];
  return { matrix, outputs, dimension, ...(space === undefined ? {} : { space: String(JSON.parse(space)) }) };
}

function parseRows(bytes: Buffer, file: string): LearnedMatrix {
  let json: unknown;
  try {
    json = JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    throw unfit(file, 'is neither a NumPy file nor JSON; write [[…], …] or numpy.save(file, L)', cause);
  }
  const parsed = rowsSchema.safeParse(json);
  const [first = []] = parsed.data ?? [];
  if (!parsed.success || parsed.data.some(({ length }) => length !== first.length))
    throw unfit(file, 'holds no rows of numbers of one length; write [[…], …]');
  return { matrix: Float32Array.from(parsed.data.flat()), outputs: parsed.data.length, dimension: first.length };
}

const unfit = (file: string, problem: string, cause?: unknown) =>
  new AffinisError('invalid-argument', `[metric-mahalanobis] ${file} ${problem}`, {
    field: 'file',
    reason: 'BAD_PARAMETERS',
    cause,
  });

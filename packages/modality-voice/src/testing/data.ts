import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const repository = join(import.meta.dirname, '../../../..');

/** Public development data beside the repository, or where `AFFINIS_DATA` says; absent in a plain clone. */
const dataFolder = process.env.AFFINIS_DATA ?? join(repository, '../shared/data');

const present = existsSync(join(dataFolder, 'reference'));
if (!present)
  process.stderr.write(
    `SKIPPED: tests against reference data; ${dataFolder} is absent, set AFFINIS_DATA to a folder that has reference/ and models/\n`,
  );

/** `describe` where the development data is there, else a loud skip. */
export const describeWithData: jest.Describe = present ? describe : describe.skip;

export const dataPath = (path: string): string => join(dataFolder, path);
export const readData = (path: string): Buffer => readFileSync(dataPath(path));
export const readDataJson = <T>(path: string): T => JSON.parse(readData(path).toString()) as T;
export const readSample = (path: string): Uint8Array => new Uint8Array(readFileSync(join(repository, 'samples', path)));

/** A NumPy array file of float32 or int16. */
export function readNpy(path: string): { shape: number[]; data: Float32Array | Int16Array } {
  const file = readData(path);
  const headerEnd = 10 + file.readUInt16LE(8);
  const header = file.toString('latin1', 10, headerEnd);
  const shape = (/'shape': \(([^)]*)\)/.exec(header)?.[1] ?? '')
    .split(',')
    .filter((size) => size.trim())
    .map(Number);
  const body = new Uint8Array(file.subarray(headerEnd)).buffer;
  if (header.includes("'<f4'")) return { shape, data: new Float32Array(body) };
  if (header.includes("'<i2'")) return { shape, data: new Int16Array(body) };
  throw new Error(`${path}: only <f4 and <i2 are read here, not ${header}`);
}

export const readFloats = (path: string): Float32Array => Float32Array.from(readNpy(path).data);

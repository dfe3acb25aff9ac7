/** Copies float32 values to and from a place in a value, at any alignment. Little-endian, as are the hosts we run on. */
export function writeFloats(value: Buffer, offset: number, floats: Float32Array): number {
  value.set(new Uint8Array(floats.buffer, floats.byteOffset, floats.byteLength), offset);
  return offset + floats.byteLength;
}

export function readFloats(value: Uint8Array, offset: number, into: Float32Array): number {
  const end = offset + into.byteLength;
  new Uint8Array(into.buffer, into.byteOffset, into.byteLength).set(value.subarray(offset, end));
  return end;
}

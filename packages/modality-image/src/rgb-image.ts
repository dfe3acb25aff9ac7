/** Decoded pixels: uint8[height, width, 3], RGB, row by row from the top left corner. */
export interface RgbImage {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

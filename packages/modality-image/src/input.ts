import type { ModelManifest } from '@affinis/core';
import { z } from 'zod';
import type { Alignment } from './alignment.ts';
import { parse } from './parse.ts';
import { pixelFormat } from './to-tensor.ts';

const common = { ...pixelFormat, width: z.int().positive(), height: z.int().positive() };

const inputSchema = z.discriminatedUnion('fit', [
  z.strictObject({
    ...common,
    /** Five landmarks are brought onto the template by a similarity transform. */
    fit: z.literal('align'),
    template: z
      .array(z.tuple([z.number(), z.number()]))
      .length(5)
      .transform((points) => points.map(([x, y]) => ({ x, y }))),
    detector: z.string().min(1).optional(),
    landmarks: z.string().min(1).optional(),
  }),
  /** The whole image is stretched to the size. */
  z.strictObject({ ...common, fit: z.literal('resize') }),
]);

/** `input` of an embedding model's manifest. */
export type ImageInput = z.infer<typeof inputSchema>;
export type AlignInput = Extract<ImageInput, Alignment>;

const optionsSchema = z.strictObject({
  faces: z.enum(['largest', 'single']).default('largest'),
  /** Model reference in place of the manifest's. */
  detector: z.string().min(1).optional(),
  /** Model reference in place of the manifest's, or `none` where the detector gives landmarks. */
  landmarks: z.string().min(1).optional(),
});

/** The embedder's options from the configuration, for models that align faces. */
export type FaceOptions = z.infer<typeof optionsSchema>;

export const parseInput = ({ input, name }: ModelManifest): ImageInput =>
  parse(inputSchema, input, 'input', `model ${name}`);

export const parseFaceOptions = (options: unknown): FaceOptions =>
  parse(optionsSchema, options, 'options', 'image embedder');

/** Models that take the image as it is have nothing to choose. */
export const refuseOptions = (options: unknown): void => {
  parse(z.strictObject({}), options, 'options', 'image embedder of a model with fit: resize');
};

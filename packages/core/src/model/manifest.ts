import { z } from 'zod';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'a sha256 is 64 lower-case hexadecimal digits');
const fileName = z.string().min(1);
const namePattern = /^[a-z0-9][a-z0-9._-]*$/;

/**
 * `model.yaml`: what a model needs and gives. `input` and `decoderOptions` are checked by the modality that reads them,
 * `input` of a projection by core.
 */
export const modelManifestSchema = z.strictObject({
  name: z.string().regex(namePattern, 'lower-case letters, digits, dots, dashes and underscores'),
  version: z
    .string('a version is a folder name, quoted: "1"')
    .regex(namePattern, 'a version is a folder name, quoted: "1"'),
  task: z.enum(['embedding', 'face-detection', 'face-landmarks', 'voice-activity', 'projection']).default('embedding'),
  description: z.string().default(''),
  modality: z.string(),
  backend: z.string().default('onnx'),
  artefact: z.strictObject({
    file: fileName,
    sha256,
    /** Files that the artefact refers to, by the names that it gives them (relative to its own folder): their sha256. */
    files: z.record(fileName, sha256).optional(),
  }),
  licence: z.strictObject({ name: z.string(), file: fileName.optional(), note: z.string().optional() }),
  source: z
    .strictObject({
      package: z.string(),
      path: z.string().optional(),
      sha256: sha256.optional(),
      script: z.string().optional(),
    })
    .optional(),
  input: z.record(z.string(), z.unknown()),
  output: z.strictObject({
    tensor: z.string().optional(),
    tensors: z.record(z.string(), z.string()).optional(),
    dimension: z.int().positive().optional(),
    /** `l2`: the embedding is scaled to norm 1 before it leaves the embedder. */
    normalise: z.enum(['l2', 'none']).default('l2'),
    /** Output that an uncertainty head reads. */
    features: z.string().optional(),
  }),
  /** `per-sample`: two samples never share a run, for models whose result depends on batch mates (dynamic int8). */
  batching: z.enum(['across-samples', 'per-sample']).default('across-samples'),
  /** What `affinis fit` made for this model: variance head, its calibration, population. Absent: means only. */
  uncertainty: z.strictObject({ file: fileName, sha256 }).optional(),
  decoder: z.string().optional(),
  decoderOptions: z.record(z.string(), z.unknown()).default({}),
  /** Model card's operating point by metric id, used until a calibration exists. */
  thresholds: z.record(z.string(), z.number()).default({}),
});

export type ModelManifest = z.infer<typeof modelManifestSchema>;

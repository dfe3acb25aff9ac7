import { z } from 'zod';
import { policySchema } from '../calibration/policy.ts';
import { fusionKinds } from '../fusion.ts';
import { pluginSchema } from './plugin-schema.ts';

const name = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9._-]*$/,
    'lower-case letters, digits, dots, dashes and underscores, beginning with a letter or digit',
  );
const options = z.record(z.string(), z.unknown());
const milliseconds = z.int().positive();

export const embedderFields = z.strictObject({
  model: z.string().optional().describe('Model in the model folders: NAME or NAME@VERSION'),
  type: z.string().optional().describe('Id of an embedder that a plugin offers, instead of a model'),
  options: options.default({}).describe('Options of the modality or plugin, checked by it'),
  uncertainty: z
    .enum(['head', 'none'])
    .default('head')
    .describe('Whether embeddings carry the variance that the model’s head gives, where it has one'),
  projection: z
    .string()
    .optional()
    .describe(
      'Model of a learned map that embeddings pass, NAME or NAME@VERSION; they are then of a space of their own',
    ),
});

const embedderSchema = embedderFields.refine(
  (value) => (value.model === undefined) !== (value.type === undefined),
  'needs exactly one of "model" and "type"',
);

export const metricSchema = z.strictObject({
  type: z
    .string()
    .describe(
      'Id of a metric that a plugin offers: cosine, euclidean, mls, mls-llr, mahalanobis, plda, plda-diagonal, as-norm, score-fusion',
    ),
  parameters: options.default({}).describe('Parameters of the metric, checked by it'),
});

export const pipelineFields = z.strictObject({
  embedder: name.optional().describe('Name under "embedders"'),
  metric: name.optional().describe('Name under "metrics", or the id of a metric'),
  composite: z
    .array(name)
    .min(2)
    .optional()
    .describe('Instead of both: calibrated pipelines, one a modality, whose log-likelihood ratios add up'),
  policy: policySchema
    .optional()
    .describe('When it is a match; default: fmr 1e-3 where calibrated, else the model card’s threshold'),
  prior: z
    .number()
    .gt(0)
    .lt(1)
    .default(0.5)
    .describe('How probable a genuine pair is beforehand: the prior of an answer’s probability'),
  fusion: z
    .enum(fusionKinds)
    .default('mean')
    .describe('How several samples of one side become one embedding; all but mean need an embedder with uncertainty'),
  maxVariance: z
    .number()
    .positive()
    .optional()
    .describe('Mean variance per dimension above which the answer is "insufficient"'),
});

const pipelineSchema = pipelineFields
  .refine(
    ({ embedder, metric, composite }) => (composite === undefined) === (embedder !== undefined && metric !== undefined),
    'needs "embedder" and "metric", or "composite" instead of both',
  )
  .refine(
    ({ composite, policy }) => composite === undefined || policy === undefined || !('threshold' in policy),
    'a composite has no raw score: use policy fmr or cost',
  )
  .refine(
    ({ composite, fusion }) => composite === undefined || fusion === 'mean',
    'a composite fuses as its parts do: set "fusion" there',
  );

const tlsSchema = z.strictObject({
  cert: z.string().describe('PEM file of the certificate chain'),
  key: z.string().describe('PEM file of the private key'),
  clientCa: z.string().optional().describe('PEM file; when given, clients must present a certificate it signed'),
});

export const serverSchema = z.strictObject({
  host: z
    .string()
    .default('127.0.0.1')
    .describe('Address to bind; beyond loopback only with tls and (tokensFile or tls.clientCa)'),
  port: z.int().min(0).max(65535).default(50051).describe('0 takes a free port'),
  tls: tlsSchema.optional().describe('Certificates; without them the server speaks plain text'),
  tokensFile: z
    .string()
    .optional()
    .describe('File of bearer tokens, one a line; when given, every call but health needs one'),
  maxMessageBytes: z
    .int()
    .min(65_536)
    .max(64 * 1024 * 1024)
    .default(4 * 1024 * 1024)
    .describe('Largest message received or sent'),
  maxMediumBytes: z
    .int()
    .positive()
    .default(32 * 1024 * 1024)
    .describe('Largest medium that may arrive in chunks'),
  maxBatchItems: z.int().positive().default(256).describe('Items in one unary request'),
  maxStreamItems: z
    .int()
    .positive()
    .default(64)
    .describe(
      'Items of one stream in work at once; more are read as these finish. Of embeddings to enrol, eight count as one',
    ),
  maxConcurrentStreams: z.int().positive().default(64).describe('Calls at once on one connection'),
  maxConnections: z.int().positive().default(256).describe('Connections at once; more are closed as they come'),
  defaultDeadlineMs: milliseconds.default(10_000).describe('For a unary call that states none'),
  maxDeadlineMs: milliseconds.default(60_000).describe('A longer deadline is shortened to this'),
  streamIdleMs: milliseconds.default(60_000).describe('A stream without a message for this long is ended'),
  drainMs: milliseconds.default(20_000).describe('Time for calls in flight after SIGTERM'),
  reflection: z.boolean().default(true).describe('Whether clients may list the services'),
  logLevel: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'silent'])
    .default('info')
    .describe('Least severe log line written'),
});

export const adminSchema = z
  .strictObject({
    host: z.string().default('127.0.0.1').describe('Address to bind; beyond loopback only with tls'),
    port: z.int().min(0).max(65535).default(50052).describe('0 takes a free port'),
    tls: tlsSchema.optional().describe('Certificates of this port; clients must present one where clientCa is given'),
    tokensFile: z
      .string()
      .optional()
      .describe('File of bearer tokens, one a line; tokens of the server’s own port do not open this one'),
  })
  .refine(
    ({ tls, tokensFile }) => tokensFile !== undefined || tls?.clientCa !== undefined,
    'needs "tokensFile" or "tls.clientCa": this port is never open to everybody',
  );

export const workersSchema = z.strictObject({
  count: z
    .union([z.literal('auto'), z.int().positive()], 'a whole number above 0, or "auto"')
    .default('auto')
    .describe('Worker threads; auto: one fewer than the cores, at least one'),
  threads: z.int().positive().default(1).describe('Threads inside one model run'),
});

export const batchingSchema = z.strictObject({
  maxItems: z.int().positive().default(16).describe('Samples in one batch'),
  maxCost: z
    .number()
    .positive()
    .default(32)
    .describe('Model rows in one batch (1 = one crop, one 1.6 s slice, one short sentence)'),
  queueItems: z.int().positive().default(1024).describe('Samples waiting; more are refused with RESOURCE_EXHAUSTED'),
  queueBytes: z
    .int()
    .positive()
    .default(256 * 1024 * 1024)
    .describe('Bytes of the samples waiting; more are refused with RESOURCE_EXHAUSTED'),
});

const byteUnits = { KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 } as const;

/** `512MiB`, `2GiB`, as bytes; undefined for what is no size. */
export function bytesOfSize(size: string): number | undefined {
  const [, number, unit] = /^(\d+(?:\.\d+)?) ?(KiB|MiB|GiB|TiB)$/.exec(size) ?? [];
  return number === undefined ? undefined : Math.round(Number(number) * byteUnits[unit as keyof typeof byteUnits]);
}

export const galleriesSchema = z.strictObject({
  path: z
    .string()
    .default('galleries')
    .describe('Folder of the galleries, relative to this file; made when the first gallery is created'),
  memoryLimit: z
    .string()
    .refine((size) => (bytesOfSize(size) ?? 0) > 0, 'a size such as "512MiB" or "2GiB"')
    .default('2GiB')
    .describe('Memory for the rows of all galleries; one whose exact rows exceed what is left is scanned quantised'),
  threads: z
    .union([z.literal('auto'), z.int().positive()], 'a whole number above 0, or "auto"')
    .default('auto')
    .describe('Threads that scan galleries; auto: one fewer than the cores, at least one'),
  maxSources: z
    .int()
    .positive()
    .max(1024)
    .default(64)
    .describe('Embeddings of single samples kept in one template: the surest, or without variance the newest'),
  maxTemplates: z.int().positive().optional().describe('Templates in one gallery; more are refused. Default: no limit'),
});

/** `affinis.yaml`, complete. Records are merged over the built-in ones key by key; `null` removes a built-in entry. */
export const configSchema = z.strictObject({
  plugins: z
    .array(pluginSchema)
    .describe(
      'Plugins besides those that ship. A string is a module: a package, or a path relative to this file. An object is a process of its own',
    ),
  models: z
    .array(z.string())
    .default([])
    .describe('Folders of models, relative to this file; searched before those that ship'),
  workers: workersSchema.prefault({}).describe('Threads that decode and infer'),
  batching: batchingSchema.prefault({}).describe('Batches and the queue before them'),
  embedders: z.record(name, embedderSchema).describe('Embedders by name'),
  metrics: z
    .record(name, metricSchema)
    .default({})
    .describe('Metrics by name; every metric of a plugin is there under its own id as well'),
  pipelines: z.record(name, pipelineSchema).describe('Pipelines by the name that clients use'),
  calibrations: z
    .array(z.string())
    .default([])
    .describe('Folders of calibrations, relative to this file; searched before ./calibrations and the models’ own'),
  defaults: z.record(z.string(), name).describe('Pipeline for samples of a modality when the client names none'),
  galleries: galleriesSchema.prefault({}).describe('Galleries of enrolled templates'),
  server: serverSchema.prefault({}).describe('The gRPC server'),
  admin: adminSchema
    .optional()
    .describe('A port of its own for affinis.v1.Admin: reload, models, plugins. Absent: there is none'),
});

export type Config = z.infer<typeof configSchema>;
export type ServerConfig = Config['server'];
export type BatchingConfig = Config['batching'];
export type EmbedderConfig = z.infer<typeof embedderSchema>;
export type PipelineConfig = z.infer<typeof pipelineSchema>;

import { z } from 'zod';
import {
  batchingSchema,
  configSchema,
  embedderFields,
  galleriesSchema,
  metricSchema,
  pipelineFields,
  serverSchema,
  workersSchema,
} from './schema.ts';

/**
 * What a file may hold: everything optional, and entries that name only the fields they change. It has no defaults, so
 * that a file changes nothing that it does not name; they stand in the schema as documentation only.
 */
const sections = fieldsOf(configSchema).shape;
export const configFileSchema = z.strictObject({
  ...sections,
  workers: describedAs(fieldsOf(workersSchema), configSchema.shape.workers),
  batching: describedAs(fieldsOf(batchingSchema), configSchema.shape.batching),
  embedders: describedAs(entriesOf(embedderFields), configSchema.shape.embedders),
  metrics: describedAs(entriesOf(metricSchema), configSchema.shape.metrics),
  pipelines: describedAs(entriesOf(pipelineFields), configSchema.shape.pipelines),
  galleries: describedAs(fieldsOf(galleriesSchema), configSchema.shape.galleries),
  server: describedAs(fieldsOf(serverSchema), configSchema.shape.server),
});

export type ConfigFile = z.infer<typeof configFileSchema>;

/** Entries by name; `null` removes a built-in one. */
function entriesOf<S extends z.ZodRawShape>(schema: z.ZodObject<S>) {
  return z.record(configSchema.shape.embedders.keyType, fieldsOf(schema).nullable());
}

function describedAs<S extends z.ZodType>(schema: S, original: z.ZodType): z.ZodOptional<S> {
  return schema.optional().describe(original.description ?? '');
}

type Optional<S extends z.ZodRawShape> = { [K in keyof S]: z.ZodOptional<S[K] extends z.ZodType ? S[K] : never> };

/** The same object with every field optional and without its default. */
function fieldsOf<S extends z.ZodRawShape>(schema: z.ZodObject<S>): z.ZodObject<Optional<S>, z.core.$strict> {
  const shape = Object.fromEntries(
    Object.entries(schema.shape).map(([key, field]) => [key, withoutDefault(field as z.ZodType)]),
  );
  return z.strictObject(shape) as unknown as z.ZodObject<Optional<S>, z.core.$strict>;
}

function withoutDefault(field: z.ZodType): z.ZodType {
  const meta = field.description === undefined ? {} : { description: field.description };
  if (field instanceof z.ZodDefault) {
    const inner = field.unwrap() as z.ZodType;
    return inner.optional().meta({ ...meta, default: field.def.defaultValue });
  }
  const inner =
    field instanceof z.ZodPrefault || field instanceof z.ZodOptional ? (field.unwrap() as z.ZodType) : field;
  return inner.optional().meta(meta);
}

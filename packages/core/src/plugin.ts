import { z } from 'zod';
import type { Backend } from './backend.ts';
import type { Embedder } from './embedder.ts';
import type { MetricDefinition } from './metric.ts';
import type { Modality } from './modality.ts';

/** A set of implementations under one name; a plugin module default-exports one. */
export interface Plugin {
  readonly name: string;
  /** The package's own, for people. */
  readonly version?: string;
  readonly backends?: readonly Backend[];
  readonly modalities?: readonly Modality[];
  readonly metrics?: readonly MetricDefinition[];
  readonly embedders?: readonly EmbedderDefinition[];
}

/** An embedder written in code instead of a model behind a modality and a backend. Created in a worker thread. */
export interface EmbedderDefinition<P = unknown> {
  readonly id: string;
  readonly description: string;
  readonly parameters: z.ZodType<P>;
  create(parameters: P): Promise<Embedder> | Embedder;
}

export const definePlugin = (plugin: Plugin): Plugin => plugin;
export const defineBackend = (backend: Backend): Backend => backend;
export const defineModality = (modality: Modality): Modality => modality;

/** Keeps the parameters' type inside the definition and hides it outside, where the schema guards it. */
export const defineMetric = <P>(definition: MetricDefinition<P>): MetricDefinition =>
  definition as unknown as MetricDefinition;
export const defineEmbedder = <P>(definition: EmbedderDefinition<P>): EmbedderDefinition =>
  definition as unknown as EmbedderDefinition;

/** Marks a parameter as a secret: it is never shown, logged or written into a report. */
export const secret = <S extends z.ZodType>(schema: S): S => schema.meta({ ...schema.meta(), writeOnly: true }) as S;

/** No parameters at all. */
export const noParameters = z.strictObject({});

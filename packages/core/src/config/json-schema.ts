import { z } from 'zod';
import { configFileSchema } from './schema.ts';

/** JSON Schema (draft 2020-12) of `affinis.yaml`, for editors and generated documentation. */
export const configJsonSchema = (): object => z.toJSONSchema(configFileSchema, { io: 'input' });

import { z } from 'zod';
import { configFileSchema } from './file-schema.ts';

/** JSON Schema (draft 2020-12) of `affinis.yaml`, for editors and generated documentation. */
export function configJsonSchema(): Record<string, unknown> {
  const { $schema, ...rest } = z.toJSONSchema(configFileSchema, { io: 'input' });
  return {
    $schema,
    title: 'affinis.yaml',
    description: 'Configuration of Affinis. Whatever a file leaves out stays as built in.',
    ...rest,
  };
}

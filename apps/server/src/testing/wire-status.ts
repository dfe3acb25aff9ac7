import { readFileDescriptors } from '@affinis/contracts';
import { create, createFileRegistry, type DescMessage, fromBinary, type Registry, toJson } from '@bufbuild/protobuf';
import { type Any, FileDescriptorProtoSchema, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';

/** A google.rpc.Status as any client in any language reads it: nothing of our own codec is in between. */
export interface WireStatus {
  readonly code: number;
  readonly message: string;
  /** By short name: `ErrorInfo`, `BadRequest`, `RetryInfo`. */
  readonly details: Readonly<Record<string, unknown>>;
}

/** Reads serialised google.rpc.Status messages by the contract's published descriptors. */
export async function createStatusReader(): Promise<(bytes: Uint8Array) => WireStatus> {
  const file = (await readFileDescriptors()).map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes));
  const registry = createFileRegistry(create(FileDescriptorSetSchema, { file }));
  return (bytes) => {
    const { code, message, details } = fromBinary(messageOf(registry, 'google.rpc.Status'), bytes) as unknown as {
      code: number;
      message: string;
      details: Any[];
    };
    return { code, message, details: Object.fromEntries(details.map((any) => detailOf(registry, any))) };
  };
}

function detailOf(registry: Registry, { typeUrl, value }: Any): [string, unknown] {
  const schema = messageOf(registry, typeUrl.replace('type.googleapis.com/', ''));
  return [schema.name, toJson(schema, fromBinary(schema, value), { registry })];
}

function messageOf(registry: Registry, name: string): DescMessage {
  const schema = registry.getMessage(name);
  if (!schema) throw new Error(`the contract's descriptors have no ${name}`);
  return schema;
}

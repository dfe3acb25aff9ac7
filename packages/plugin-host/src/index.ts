export type { JsonSchema, PluginComponent } from './handshake.ts';
export * from './plugin-host.ts';
export type { PluginState } from './supervisor.ts';

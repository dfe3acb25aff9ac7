export type { HostedStatus } from './hosted-plugin.ts';
export * from './plugin-host.ts';
export type { PluginState } from './supervisor.ts';

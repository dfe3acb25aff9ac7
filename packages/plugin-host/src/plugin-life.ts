import type { Transport } from '@affinis/client';
import type { AffinisError } from '@affinis/core';
import type { PluginFacts } from './handshake.ts';
import type { PluginProcess } from './plugin-process.ts';

/** A plugin from when it is ready until it is lost: one process, or one connection to where it is attached. */
export interface PluginLife {
  readonly facts: PluginFacts;
  readonly transport: Transport;
  readonly process: PluginProcess | undefined;
  /** Why it is over. Never rejects. */
  readonly ended: Promise<AffinisError>;
  /** Whether it still answers a health check. */
  alive(timeoutMs: number): Promise<boolean>;
  /** Gives it up: a process is killed, a connection closed. */
  abandon(why: string): void;
  /** Asks it to finish and to exit; an attached one is only left. */
  stop(): Promise<void>;
}

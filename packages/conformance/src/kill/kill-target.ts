import type { TemplateStore } from '@affinis/core';

/** What a module exports whose store is to be killed: it is loaded in the process that dies and in the one that looks. */
export interface KillTarget {
  open(folder: string): Promise<TemplateStore>;
  /** Purges deleted templates from the files of a store that is closed, where it can. */
  compact?(folder: string): Promise<unknown>;
}

export async function loadTarget(module: string): Promise<KillTarget> {
  return (await import(module)) as KillTarget;
}

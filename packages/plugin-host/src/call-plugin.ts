import type { Limits } from '@affinis/client';
import { AffinisError, type ProcessPluginConfig } from '@affinis/core';
import type { PluginLife } from './plugin-life.ts';
import type { Supervisor } from './supervisor.ts';

export interface PluginCall<T> {
  /** Time of `performance.now()` by which the answer is wanted; default: a minute from now. */
  readonly deadline?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** False where the caller asks again in its own way after a loss. Default true. */
  readonly againAfterLoss?: boolean;
  /** Asks once. Has no effect beside its answer, so that it may be asked again. */
  ask(life: PluginLife, limits: Limits): Promise<T>;
}

/** Whether the process that had a call in hand was lost before it answered. */
export const isLost = (error: AffinisError): boolean => error.reason === 'PLUGIN_LOST';

const longestCallMs = 60_000;
/** A client with a short deadline must not have a busy plugin taken for a hung one. */
const shortestAttemptMs = 1000;
const aliveTimeoutMs = 500;
/** An end of the process that is under way when its connection has just broken. */
const endGraceMs = 500;

/**
 * Asks the plugin once it is ready, and once more where the process is lost meanwhile. An attempt that takes too long is
 * given up; where the plugin answers no health check either, it counts as hung and is ended.
 */
export async function callPlugin<T>(
  supervisor: Pick<Supervisor, 'life'>,
  { name, attemptTimeoutMs }: Pick<ProcessPluginConfig, 'name' | 'attemptTimeoutMs'>,
  call: PluginCall<T>,
): Promise<T> {
  const deadline = call.deadline ?? performance.now() + longestCallMs;
  for (let attempt = 1; ; attempt++) {
    const life = await supervisor.life(deadline);
    const leftMs = deadline - performance.now();
    if (leftMs <= 0) throw late(name);
    const attemptMs = Math.min(leftMs, attemptTimeoutMs ?? Math.max(shortestAttemptMs, leftMs / 3));
    try {
      return await call.ask(life, { deadline: new Date(Date.now() + attemptMs), signal: call.signal });
    } catch (thrown) {
      const error = await reasonOf(AffinisError.from(thrown, 'plugin-host'), life, call.signal);
      if (!error.again) throw error.error;
      if (attempt === 2 || performance.now() >= deadline) throw error.error;
      if (isLost(error.error) && call.againAfterLoss === false) throw error.error;
    }
  }
}

/** What a failed attempt means: the plugin's own answer, or that it was lost or hung and may be asked again. */
async function reasonOf(
  error: AffinisError,
  life: PluginLife,
  signal: AbortSignal | undefined,
): Promise<{ readonly error: AffinisError; readonly again: boolean }> {
  if (signal?.aborted) return { error, again: false };
  if (error.code === 'deadline-exceeded') {
    if (await life.alive(aliveTimeoutMs)) return { error: slow(life), again: true };
    life.abandon('did not answer and was taken for hung');
    return { error: await life.ended, again: true };
  }
  if (!brokenConnection(error)) return { error, again: false };
  const ended = await Promise.race([life.ended, after(endGraceMs)]);
  if (ended) return { error: ended, again: true };
  // Its process lives and the connection does not: there is no way to it any more.
  life.abandon('broke its connection');
  return { error: await life.ended, again: true };
}

/** As the library tells it, without a reason that a plugin gave. */
const brokenConnection = ({ code, reason }: AffinisError): boolean =>
  reason === 'UNREACHABLE' || (reason === undefined && (code === 'internal' || code === 'cancelled'));

const after = (ms: number) => new Promise<undefined>((done) => setTimeout(done, ms, undefined));

const slow = ({ facts }: PluginLife) =>
  new AffinisError(
    'deadline-exceeded',
    `[plugin-host] plugin "${facts.name}" is alive and did not answer in time; send less at once, or raise the deadline`,
    { reason: 'PLUGIN_SLOW' },
  );
const late = (name: string) =>
  new AffinisError('deadline-exceeded', `[plugin-host] the deadline passed before plugin "${name}" could be asked`, {
    reason: 'DEADLINE',
  });

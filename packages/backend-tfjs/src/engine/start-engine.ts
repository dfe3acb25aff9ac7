import { threadId } from 'node:worker_threads';
import { AffinisError } from '@affinis/core';
import type { Engine, EngineChoice } from './engine.ts';
import { findNative } from './find-native.ts';
import { startNative } from './native-engine.ts';
import { startWasm } from './wasm-engine.ts';

let running: Promise<Engine> | undefined;

/**
 * The engine of this thread, started by the first call, which says on standard error what it is. TensorFlow.js keeps
 * one engine in its globals, so a thread cannot have two: throws `failed-precondition` where another one runs.
 */
export async function startEngine(choice: EngineChoice, threads: number): Promise<Engine> {
  running ??= start(choice, threads).catch((thrown: unknown) => {
    running = undefined;
    throw thrown;
  });
  const engine = await running;
  if (choice === 'auto' || choice === engine.kind) return engine;
  throw new AffinisError(
    'failed-precondition',
    `[backend-tfjs] this thread runs the engine "${engine.kind}" and cannot run "${choice}" as well; use one of them`,
    { reason: 'ENGINE_RUNNING' },
  );
}

/** The choice in the environment variable `AFFINIS_TFJS_ENGINE`; `auto` where it is not set. */
export function chosenEngine(): EngineChoice {
  const choice = process.env.AFFINIS_TFJS_ENGINE || 'auto';
  if (choice === 'auto' || choice === 'native' || choice === 'wasm') return choice;
  throw new AffinisError(
    'failed-precondition',
    `[backend-tfjs] AFFINIS_TFJS_ENGINE is "${choice}"; set it to auto, native or wasm`,
    { field: 'AFFINIS_TFJS_ENGINE', reason: 'NO_RUNTIME' },
  );
}

async function start(choice: EngineChoice, threads: number): Promise<Engine> {
  const native = choice === 'wasm' ? undefined : findNative();
  const engine = native === undefined && choice !== 'native' ? await startWasm() : startNative(native, threads);
  process.stderr.write(`[backend-tfjs] thread ${threadId} runs ${engine.description}\n`);
  return engine;
}

import { AffinisError, type Artefact, defineBackend, type Session, type SessionOptions } from '@affinis/core';
import { refuseExternalTensors } from './external-tensors.ts';
import { createOnnxSession } from './onnx-session.ts';

/** Runs ONNX models on the CPU through onnxruntime. A run blocks the calling thread: call it from a worker thread. */
export const onnxBackend = defineBackend({ id: 'onnx', load });

/**
 * Throws `failed-precondition` for a file that is no ONNX model, that keeps tensors outside itself, or whose inputs are
 * not tensors.
 */
async function load(artefact: Artefact, options: SessionOptions): Promise<Session> {
  refuseExternalTensors(artefact.bytes);
  const runtime = await importRuntime();
  try {
    const session = await runtime.InferenceSession.create(artefact.bytes, {
      executionProviders: ['cpu'],
      executionMode: 'sequential',
      graphOptimizationLevel: 'all',
      intraOpNumThreads: Math.max(1, options.threads),
      interOpNumThreads: 1,
      // Failures are thrown; onnxruntime would print them to standard error as well.
      logSeverityLevel: 4,
    });
    return createOnnxSession(runtime, session);
  } catch (cause) {
    if (cause instanceof AffinisError) throw cause;
    throw new AffinisError(
      'failed-precondition',
      '[backend-onnx] onnxruntime cannot load the model: the file is damaged or needs operators that onnxruntime lacks; convert it again and check it with `onnx.checker`',
      { reason: 'BAD_MODEL', cause },
    );
  }
}

async function importRuntime(): Promise<typeof import('onnxruntime-node')> {
  try {
    return await import('onnxruntime-node');
  } catch (cause) {
    throw new AffinisError(
      'failed-precondition',
      '[backend-onnx] onnxruntime-node cannot be loaded here; run `npm install onnxruntime-node` on a platform it has binaries for (Linux, macOS or Windows, x64 or arm64)',
      { reason: 'NO_RUNTIME', cause },
    );
  }
}

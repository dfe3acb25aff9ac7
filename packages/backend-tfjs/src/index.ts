import { definePlugin } from '@affinis/core';
import { createTfjsBackend } from './tfjs-backend.ts';

export { type EngineChoice, type EngineKind, findNative } from './engine/index.ts';
export { createTfjsBackend, type TfjsBackendOptions } from './tfjs-backend.ts';

export default definePlugin({ name: '@affinis/backend-tfjs', backends: [createTfjsBackend()] });

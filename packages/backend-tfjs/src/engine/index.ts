export type { Engine, EngineChoice, EngineKind, Tfjs } from './engine.ts';
export { findNative } from './find-native.ts';
export { chosenEngine, startEngine } from './start-engine.ts';

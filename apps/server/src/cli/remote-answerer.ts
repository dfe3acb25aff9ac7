import type { Answerer } from './answerer.ts';
export function createRemoteAnswerer(_address: string, _options: object): Answerer { throw new Error('later'); }

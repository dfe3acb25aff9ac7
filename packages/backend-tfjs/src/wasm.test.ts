import { checkEngine } from './testing/check-engine.ts';

checkEngine('wasm');

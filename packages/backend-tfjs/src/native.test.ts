import { findNative } from './index.ts';
import { checkEngine } from './testing/check-engine.ts';

if (findNative() !== undefined) checkEngine('native');
else it.todo('tfjs on native needs "npm run setup:tfjs-native"');

import { loadPlugins } from '@affinis/core';
import { serve } from './serve.ts';

// Runs a plugin module in a process of its own: `node serve-module.js FILE-URL`.

const [plugin] = await loadPlugins(process.argv.slice(2, 3));
if (plugin) await serve(plugin);

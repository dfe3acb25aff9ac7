import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chosenEngine, findNative, startEngine } from './index.ts';

describe('choice of an engine', () => {
  const { AFFINIS_CACHE, AFFINIS_TFJS_ENGINE } = process.env;
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'affinis-tfjs-'));
    process.env.AFFINIS_CACHE = folder;
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
    restore('AFFINIS_CACHE', AFFINIS_CACHE);
    restore('AFFINIS_TFJS_ENGINE', AFFINIS_TFJS_ENGINE);
  });

  it('finds tfjs-node where its library has been set up, and not the package alone', () => {
    expect(findNative()).toBeUndefined();
    const installed = join(folder, 'tfjs-native/node_modules/@tensorflow/tfjs-node');
    mkdirSync(join(installed, 'lib/napi-v8'), { recursive: true });
    expect(findNative()).toBeUndefined();
    writeFileSync(join(installed, 'lib/napi-v8/tfjs_binding.node'), '');
    expect(findNative()).toBe(installed);
  });

  it.each([
    [undefined, 'auto'],
    ['', 'auto'],
    ['wasm', 'wasm'],
    ['native', 'native'],
  ])('reads %j as %s', (value, choice) => {
    restore('AFFINIS_TFJS_ENGINE', value);
    expect(chosenEngine()).toBe(choice);
  });

  it('refuses another name', () => {
    process.env.AFFINIS_TFJS_ENGINE = 'gpu';
    expect(chosenEngine).toThrow('AFFINIS_TFJS_ENGINE is "gpu"; set it to auto, native or wasm');
  });

  it('says how to set up what is missing or broken, and still starts another engine', async () => {
    await expect(startEngine('native', 1)).rejects.toThrow('has not been set up; run "npm run setup:tfjs-native"');
    const installed = join(folder, 'tfjs-native/node_modules/@tensorflow/tfjs-node');
    mkdirSync(join(installed, 'lib/napi-v8'), { recursive: true });
    writeFileSync(join(installed, 'lib/napi-v8/tfjs_binding.node'), '');
    writeFileSync(join(installed, 'index.js'), 'throw new Error("no such library");');
    await expect(startEngine('auto', 1)).rejects.toThrow('does not load; run "npm run setup:tfjs-native"');
    expect((await startEngine('wasm', 1)).kind).toBe('wasm');
  });
});

function restore(name: string, value: string | undefined): void {
  if (value === undefined) delete process.env[name];
  else process.env[name] = value;
}

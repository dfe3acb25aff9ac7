import { z } from 'zod';
import { createMetric } from './configured-metric.ts';
import { defineMetric, type Plugin } from './plugin.ts';
import { createRegistry } from './registry.ts';
import { createToyMetric } from './testing/toys.ts';

const modality = (id: string) => ({ id, open: () => Promise.reject(new Error('not here')) });
const backend = (id: string) => ({ id, load: () => Promise.reject(new Error('not here')) });
const metric = defineMetric({
  id: 'toy',
  description: 'for tests',
  unit: 'none',
  parameters: z.strictObject({ weights: z.array(z.number()).default([]), floor: z.number().positive().default(1) }),
  create: ({ floor }) => createToyMetric({ id: `toy-${floor}` }),
});
const plugin: Plugin = { name: 'one', modalities: [modality('text')], metrics: [metric], backends: [backend('onnx')] };

describe('registry', () => {
  it('finds what plugins offer, by id', () => {
    const registry = createRegistry([plugin, { name: 'two', modalities: [modality('image')] }]);
    expect(registry.modality('image').id).toBe('image');
    expect(registry.backend('onnx').id).toBe('onnx');
    expect(registry.metrics).toEqual([metric]);
    expect(registry.modalities.map(({ id }) => id)).toEqual(['text', 'image']);
    expect(registry.findModality('voice')).toBeUndefined();
  });

  it.each<[Plugin, string]>([
    [
      { name: 'two', modalities: [modality('text')] },
      '[core] modality "text" comes from both one and two; remove one from "plugins"',
    ],
    [{ name: 'two', metrics: [metric] }, '[core] metric "toy" comes from both one and two'],
    [{ name: 'two', backends: [backend('onnx')] }, '[core] backend "onnx" comes from both one and two'],
  ])('refuses an id that two plugins offer (%#)', (other, message) => {
    expect(() => createRegistry([plugin, other])).toThrow(message);
  });

  it('lets ids of two kinds be equal', () => {
    expect(() => createRegistry([{ name: 'x', modalities: [modality('x')], backends: [backend('x')] }])).not.toThrow();
  });

  it('lists what there is where an id is unknown', () => {
    const registry = createRegistry([plugin]);
    expect(() => registry.metric('mls')).toThrow('[core] no metric "mls"; the loaded plugins offer: toy');
    expect(() => registry.embedder('x')).toThrow('offer: none');
    expect(() => registry.modality('constructor')).toThrow(
      expect.objectContaining({ code: 'failed-precondition', field: 'modality' }),
    );
  });
});

describe('createMetric', () => {
  const registry = createRegistry([plugin]);

  it('gives the definition its validated parameters', () => {
    expect(createMetric(registry, { type: 'toy', parameters: {} }).id).toBe('toy-1');
    expect(createMetric(registry, { type: 'toy', parameters: { floor: 3 } }).id).toBe('toy-3');
  });

  it.each([
    [{ floor: 0 }, 'parameters.floor', 'Too small'],
    [{ weights: [1, 'x'] }, 'parameters.weights[1]', 'expected number'],
    [{ flor: 1 }, 'parameters.flor', 'unknown key; did you mean "floor"?'],
  ])('refuses %j', (parameters, field, message) => {
    const refused = expect.objectContaining({
      code: 'invalid-argument',
      field,
      message: expect.stringContaining(message),
    });
    expect(() => createMetric(registry, { type: 'toy', parameters })).toThrow(refused);
  });
});

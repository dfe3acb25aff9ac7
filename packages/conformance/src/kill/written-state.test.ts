import { createMemoryStore } from '@affinis/core';
import { createWrittenState, killGallery, versionTemplate } from './written-state.ts';

async function storeWith(...templates: readonly (readonly [id: string, version: number])[]) {
  const store = createMemoryStore();
  await store.write([
    { kind: 'create-gallery', gallery: killGallery },
    ...templates.map(
      ([id, version]) => ({ kind: 'put', gallery: killGallery.name, template: versionTemplate(id, version) }) as const,
    ),
  ]);
  return store;
}

/** Version 1 acknowledged, its deletion or version 2 begun and perhaps acknowledged. */
function stateOf(second: number | null, acknowledged: boolean) {
  const state = createWrittenState();
  state.note({ begin: 'a', version: 1 });
  state.note({ done: 'a' });
  state.note({ begin: 'a', version: second });
  if (acknowledged) state.note({ done: 'a' });
  return state;
}

describe('what a killed writer must have left', () => {
  it('is what was acknowledged, or what was under way', async () => {
    expect(await stateOf(2, false).check(await storeWith(['a', 1]))).toEqual({ templates: 1, underWay: 1 });
    expect(await stateOf(2, false).check(await storeWith(['a', 2]))).toEqual({ templates: 1, underWay: 1 });
    expect(await stateOf(null, false).check(await storeWith())).toEqual({ templates: 0, underWay: 1 });
    expect(await stateOf(2, true).check(await storeWith(['a', 2]))).toEqual({ templates: 1, underWay: 0 });
  });

  it.each([
    ['a lost write', () => stateOf(2, true), () => storeWith(['a', 1]), 'a is of version 1, not of 2'],
    ['a lost template', () => stateOf(2, true), () => storeWith(), 'a is of version null, not of 2'],
    [
      'a deletion that came back',
      () => stateOf(null, true),
      () => storeWith(['a', 1]),
      'a is of version 1, not of null',
    ],
    ['what nobody wrote', () => createWrittenState(), () => storeWith(['b', 1]), 'b is of version 1, not of null'],
  ])('finds %s', async (_, state, store, complaint) => {
    await expect(state().check(await store())).rejects.toThrow(complaint);
  });

  it('finds a sequence number that came twice', async () => {
    const state = createWrittenState();
    state.note({ begin: 'a', version: null });
    state.note({ done: 'a', sequence: 1000 });
    await expect(state.check(await storeWith())).rejects.toThrow('came twice');
  });

  it('takes what it found as acknowledged', async () => {
    const state = stateOf(2, false);
    await state.check(await storeWith(['a', 1]));
    await expect(state.check(await storeWith(['a', 2]))).rejects.toThrow('a is of version 2, not of 1');
  });

  it.each([
    ['a torn template', { fused: versionTemplate('a', 3).fused }],
    ['a lost source', { sources: [] }],
  ])('finds %s', async (_, changes) => {
    const store = await storeWith();
    const template = { ...versionTemplate('a', 2), ...changes };
    await store.write([{ kind: 'put', gallery: killGallery.name, template }]);
    await expect(stateOf(2, true).check(store)).rejects.toThrow(/deep-equal/);
  });
});

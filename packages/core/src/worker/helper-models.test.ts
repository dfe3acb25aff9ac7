import type { LoadedModel } from '../modality.ts';
import { createHelperModels } from './helper-models.ts';

/** A model that counts how often it was disposed of. */
function modelOf() {
  let disposed = 0;
  const session = { dispose: async () => void disposed++ };
  return { loaded: { session } as unknown as LoadedModel, disposed: () => disposed };
}

it('is shared by its users and disposed of with the last one', async () => {
  const helpers = createHelperModels();
  const { loaded, disposed } = modelOf();
  let loads = 0;
  const load = async () => {
    loads++;
    return loaded;
  };
  const [a, b] = [{}, {}];
  expect(await Promise.all([helpers.use(a, 'k', load), helpers.use(b, 'k', load), helpers.use(a, 'k', load)])).toEqual([
    loaded,
    loaded,
    loaded,
  ]);
  await helpers.letGo(a);
  expect([loads, disposed()]).toEqual([1, 0]);
  await helpers.letGo(b);
  expect(disposed()).toBe(1);
  await helpers.use(a, 'k', load);
  expect(loads).toBe(2);
});

it('is loaded anew where it could not be', async () => {
  const helpers = createHelperModels();
  const { loaded, disposed } = modelOf();
  const user = {};
  await expect(helpers.use(user, 'k', () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
  await helpers.letGo(user);
  await helpers.use(user, 'k', async () => loaded);
  await helpers.letGo(user);
  expect(disposed()).toBe(1);
});

import type { LoadedModel } from '../modality.ts';

/** Models that the embedders of one worker share, such as a detector; each is there as long as an embedder uses it. */
export interface HelperModels {
  /** The model under `key`, loaded where nobody has it yet. `user` holds it until it lets go. */
  use(user: object, key: string, load: () => Promise<LoadedModel>): Promise<LoadedModel>;
  /** Disposes of what nobody else uses. */
  letGo(user: object): Promise<void>;
}

export function createHelperModels(): HelperModels {
  const models = new Map<string, { readonly model: Promise<LoadedModel>; readonly users: Set<object> }>();
  return {
    use(user, key, load) {
      const known = models.get(key) ?? { model: load(), users: new Set<object>() };
      known.users.add(user);
      models.set(key, known);
      known.model.catch(() => {
        if (models.get(key) === known) models.delete(key);
      });
      return known.model;
    },
    async letGo(user) {
      for (const [key, { model, users }] of models) {
        if (!users.delete(user) || users.size > 0) continue;
        models.delete(key);
        const loaded = await model.catch(() => undefined);
        await loaded?.session.dispose();
      }
    },
  };
}

/** An object that is at each moment what `current` returns: for settings that may change while they are in use. */
export const liveView = <T extends object>(current: () => T): T =>
  new Proxy({} as T, { get: (_, key) => Reflect.get(current(), key) });

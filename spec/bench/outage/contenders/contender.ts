/** A cache as an application calls it. Reading a key that is not there gives `undefined` or `null`. */
export interface Contender {
  getOrSet(key: string, loader: () => Promise<unknown>, ttlMs: number): Promise<unknown>
  get(key: string): Promise<unknown>
  set(key: string, value: unknown, ttlMs: number): Promise<unknown>
  delete(key: string): Promise<unknown>
}

/** Makes one over the Redis on a port of this machine; resolves when its documentation has it in use. */
export type OpenContender = (port: number) => Contender | Promise<Contender>

import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** By how many bytes the heap has grown after some work and a full collection. */
export async function heapAfter(work: () => unknown): Promise<number> {
  setFlagsFromString('--expose-gc')
  const collectGarbage = runInNewContext('gc') as () => void
  collectGarbage()
  const before = process.memoryUsage().heapUsed
  await work()
  collectGarbage()
  return process.memoryUsage().heapUsed - before
}

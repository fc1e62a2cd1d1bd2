import type { ServerResponse } from 'node:http'

/** What is waited for, unless the time is up or nobody waits any more: then `undefined`. */
export async function firstOf<Value>(
  awaited: Promise<Value>,
  { ms, res }: { ms: number; res: ServerResponse },
): Promise<Value | undefined> {
  let end = (): void => undefined
  const over = new Promise<undefined>((resolve) => {
    end = () => {
      resolve(undefined)
    }
  })
  const timer = setTimeout(end, ms)
  res.once('close', end)
  try {
    return await Promise.race([awaited, over])
  } finally {
    clearTimeout(timer)
    res.off('close', end)
  }
}

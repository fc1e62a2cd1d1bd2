const { Buffer } = require('node:buffer')
const { monitorEventLoopDelay, performance } = require('node:perf_hooks')
const { setImmediate: nextTurn } = require('node:timers/promises')
const { parentPort, workerData } = require('node:worker_threads')
const { createClient, RESP_TYPES } = require('redis')

const COUNT = 1000

/** Reads a log to its end with node-redis, does nothing with it, and answers what that takes. */
async function read({ url, log }) {
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  const begun = performance.now()
  const client = await createClient({ url }).connect()
  const redis = client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer })
  for (let from = '-'; ;) {
    const records = await redis.sendCommand(['XRANGE', log, from, '+', 'COUNT', String(COUNT)])
    if (records.length < COUNT) break
    from = `(${records.at(-1)[0].toString()}`
    await nextTurn()
  }
  const tookMs = performance.now() - begun
  delay.disable()
  await client.close()
  return { tookMs, longestMs: delay.max / 1e6, p99Ms: delay.percentile(99) / 1e6 }
}

void read(workerData).then((taken) => parentPort.postMessage(taken))

const { Buffer } = require('node:buffer')
const { connect } = require('node:net')
const { performance } = require('node:perf_hooks')
const { parentPort, workerData } = require('node:worker_threads')

const CONNECTIONS = 8
const IN_FLIGHT = 4
const requests = workerData.tokens.map((token) =>
  Buffer.from(`GET / HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer ${token}\r\n\r\n`),
)

/** Asks for so long over a few connections, and answers how many requests a second were answered. */
parentPort.on('message', async ({ port, ms }) => {
  const begun = performance.now()
  const counts = await Promise.all(Array.from({ length: CONNECTIONS }, () => drive(port, begun + ms)))
  const answered = counts.reduce((sum, count) => sum + count, 0)
  parentPort.postMessage(answered / ((performance.now() - begun) / 1000))
})

function drive(port, end) {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    let [sent, answered] = [0, 0]
    const send = () => socket.write(requests[sent++ % requests.length])
    socket.on('error', reject)
    socket.on('connect', () => {
      for (let request = 0; request < IN_FLIGHT; request += 1) send()
    })
    socket.on('data', (data) => {
      for (let at = data.indexOf('HTTP/1.1 200'); at !== -1; at = data.indexOf('HTTP/1.1 200', at + 1)) {
        answered += 1
        if (performance.now() < end) send()
      }
      if (data.includes('HTTP/1.1 4') || data.includes('HTTP/1.1 5')) reject(new Error(data.toString()))
      if (answered === sent && performance.now() >= end) {
        socket.destroy()
        resolve(answered)
      }
    })
  })
}

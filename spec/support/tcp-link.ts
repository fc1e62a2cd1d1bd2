import { connect } from 'node:net'
import type { Socket } from 'node:net'

/** What happens to replies on their way. At most one of these. */
export interface ReplyTreatment {
  /** How much longer they take. */
  readonly delayMs?: number
  /** How many bytes pass in a millisecond. */
  readonly bytesPerMs?: number
}

const TRICKLE_MS = 5
const BEFORE_RESET_MS = 10

/** One connection through a {@link TcpProxy}: the client's socket, and the one to the server. */
export class TcpLink {
  readonly #client: Socket
  readonly #server: Socket
  readonly #onGone: () => void
  #treatment: ReplyTreatment = {}
  #isSwallowing = false
  #held: Buffer[] | undefined
  #bytesUntilCut: number | undefined
  #trickle: Buffer[] = []
  #timer: NodeJS.Timeout | undefined

  constructor(client: Socket, target: number, onGone: () => void) {
    this.#client = client.setNoDelay()
    this.#server = connect(target, '127.0.0.1').setNoDelay()
    this.#onGone = onGone
    for (const socket of [this.#client, this.#server]) socket.on('error', () => undefined)
    this.#client.on('data', (bytes) => {
      this.#request(bytes)
    })
    this.#server.on('data', (bytes) => {
      this.#reply(bytes)
    })
    this.#client.on('close', () => {
      this.#clientIsGone()
    })
    this.#server.on('close', () => {
      this.#serverIsGone()
    })
  }

  /** Whether the client has its end of it. */
  get isOpen(): boolean {
    return !this.#client.destroyed
  }

  /** From now on nothing arrives on either side, the end of the other neither. */
  swallow(): void {
    this.#isSwallowing = true
  }

  /** Keeps what the client sends. */
  holdBack(): void {
    this.#held ??= []
  }

  /** Sends on what was kept, whoever still waits for an answer. */
  release(): void {
    const held = this.#held ?? []
    this.#held = undefined
    for (const bytes of held) this.#server.write(bytes)
    if (this.#client.destroyed) this.#server.end()
  }

  /** Says what happens to replies from here on. */
  treatReplies(treatment: ReplyTreatment): void {
    this.#treatment = treatment
    if (treatment.bytesPerMs === undefined) this.#drain(Infinity)
  }

  /** Resets the connection after so many bytes of the next reply. */
  cutNextReply(afterBytes: number): void {
    this.#bytesUntilCut = afterBytes
  }

  /** Resets both sides. */
  reset(): void {
    clearInterval(this.#timer)
    for (const socket of [this.#client, this.#server]) {
      // Node 20 never closes a socket that is reset while it says goodbye, and spins when the process ends.
      if (socket.writableEnded) socket.destroy()
      else socket.resetAndDestroy()
    }
    this.#onGone()
  }

  #request(bytes: Buffer): void {
    if (this.#isSwallowing) return
    if (this.#held !== undefined) this.#held.push(bytes)
    else this.#server.write(bytes)
  }

  #reply(bytes: Buffer): void {
    if (this.#isSwallowing) return
    const { delayMs, bytesPerMs } = this.#treatment
    if (this.#bytesUntilCut !== undefined) this.#cut(bytes, this.#bytesUntilCut)
    else if (delayMs !== undefined) setTimeout(() => this.#client.write(bytes), delayMs)
    else if (bytesPerMs !== undefined) this.#letTrickle(bytes)
    else this.#client.write(bytes)
  }

  #cut(bytes: Buffer, afterBytes: number): void {
    if (afterBytes > 0) this.#client.write(bytes.subarray(0, afterBytes))
    this.#bytesUntilCut = Math.max(0, afterBytes - bytes.length)
    if (this.#bytesUntilCut > 0) return
    // A reset that overtakes bytes which have not been read yet looks like an ordinary end.
    setTimeout(() => {
      this.reset()
    }, BEFORE_RESET_MS)
  }

  #letTrickle(bytes: Buffer): void {
    this.#trickle.push(bytes)
    this.#timer ??= setInterval(() => {
      this.#drain(TRICKLE_MS * (this.#treatment.bytesPerMs ?? Infinity))
    }, TRICKLE_MS)
  }

  #drain(most: number): void {
    let left = most
    while (left > 0) {
      const next = this.#trickle.shift()
      if (next === undefined) break
      this.#client.write(next.subarray(0, left))
      if (next.length > left) this.#trickle.unshift(next.subarray(left))
      left -= next.length
    }
    if (this.#trickle.length > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  /** The server hears of it, unless the wire is broken or has still something to deliver. */
  #clientIsGone(): void {
    if (!this.#isSwallowing && this.#held === undefined) this.#server.destroy()
    if (this.#server.destroyed) this.#onGone()
  }

  #serverIsGone(): void {
    if (!this.#isSwallowing) this.#client.destroy()
    if (this.#client.destroyed) this.#onGone()
  }
}

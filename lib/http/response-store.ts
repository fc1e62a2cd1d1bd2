import { randomBytes } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import type { Cache } from '../cache/cache'
import { unpack, unpackedKind, isPacked } from '../cache/compression'
import type { Opened, Since } from '../cache/entry-reader'
import type { WriteOptions } from '../cache/entry-store'
import type { Flights } from '../cache/flights'
import type { HeldLease } from '../cache/held-lease'
import type { Leases } from '../cache/leases'
import type { Outcome } from '../cache/outcome'
import type { NearTier } from '../cache/near-tier'
import { NOT_NEAR } from '../cache/near-tier'
import type { Payload } from '../cache/payload'
import { encodeBytes } from '../cache/value-codec'
import type { Stored } from '../client/client-state'
import type { Claiming, Top } from './claiming'
import { always, LeaseClaim } from './claiming'
import type { StoredResponse, VariantIndex } from './stored-response'
import { decodeStored, encodeHead, encodeIndex, lifeOf } from './stored-response'
import type { Slot } from './variant-index'
import { isIndex, isSame, latest, slotOf, variantKey } from './variant-index'
import { variantOf } from './vary'

/** What is stored for a request, and where a response to it belongs. */
export interface Found {
  /** The response for its variant, fresh or not. */
  readonly response: StoredResponse | undefined
  /** Where another one for this variant would be stored, as far as that is known. */
  readonly slot: Slot
}

/** The right to store a response in a slot. */
export interface Permit {
  readonly since: Since
  readonly lease: HeldLease
}

/** Where a response is stored. */
interface Destination {
  /** That of its URL, under which its index is. */
  readonly topKey: string
  readonly slot: Slot
  readonly permit: Permit
  readonly tags: readonly string[]
}

/** With how many sets of fields a key's responses are told apart; of more, the oldest is forgotten. */
const MOST_SETS = 4
/** An index outlives its variants, or they are made anew. */
const INDEX_LIFE_MS = 24 * 60 * 60 * 1000
/** More than any body that anybody keeps. */
const MOST_BYTES = 2 ** 30
/** The responses of one cache: each key has one response, or an index of its variants (RFC 9111 §4.1). */
export class ResponseStore {
  readonly #cache: Cache
  readonly #near: NearTier
  readonly #leases: Leases
  readonly #flights: Flights<Outcome>

  constructor(cache: Cache) {
    const { near, leases, flights } = cache.core
    this.#cache = cache
    this.#near = near
    this.#leases = leases
    this.#flights = flights
  }

  /** What is in process for a request; `undefined` where the store must be asked. Takes no round trip. */
  findNear(key: string, headers: IncomingHttpHeaders): Found | undefined {
    const near = this.#findNear(key)
    if (near === undefined || !isIndex(near))
      return near && { response: near, slot: { key, index: undefined } }
    const responses: StoredResponse[] = []
    for (const names of near.variesBy) {
      const variant = this.#findNear(variantKey(key, near, variantOf(names, headers)))
      if (variant === undefined || isIndex(variant)) return undefined
      responses.push(variant)
    }
    return { response: latest(responses), slot: slotOf(key, near, headers) }
  }

  /** What is stored for a request. One round trip, and one more where the key has variants. */
  async find(key: string, tags: readonly string[], headers: IncomingHttpHeaders): Promise<Found> {
    return this.#findBelow(key, this.#findNear(key) ?? (await this.#read(key, tags)), { tags, headers })
  }

  /**
   * The same, with the right to store what is made from here on in place of what was found, if that won't do: in one
   * round trip where there is nothing. What has variants is told so: each of them has a slot of its own.
   */
  async findOrClaim(
    key: string,
    headers: IncomingHttpHeaders,
    claiming: Claiming,
  ): Promise<Found & { readonly permit: Permit | undefined }> {
    const seen: { top?: Top | undefined } = {}
    const { permit } = await this.#claim(key, claiming, (stored) => {
      seen.top = stored
      return stored !== undefined && (isIndex(stored) || claiming.willDo(stored))
    })
    const { response, slot } = await this.#findBelow(key, seen.top, { tags: claiming.tags, headers })
    return { response, slot, permit }
  }

  /**
   * Asks for the right to store what is made from here on, in all processes together: whatever drops the slot
   * meanwhile ends it. Waits for whoever has it, who may store something that will do.
   */
  async claim(
    { key }: Slot,
    claiming: Claiming,
  ): Promise<{ found: StoredResponse | undefined; permit: Permit | undefined }> {
    const { found, permit } = await this.#claim(
      key,
      claiming,
      (stored) => stored !== undefined && !isIndex(stored) && claiming.willDo(stored),
    )
    return { found: found === undefined || isIndex(found) ? undefined : found, permit }
  }

  /** What is being made for a slot, if there is something to wait for. */
  underWay({ key }: Slot): Promise<Outcome> | undefined {
    return this.#flights.find(this.#cache.scope.key(key))?.outcome
  }

  /** Has others who ask for a slot wait for this. */
  lead({ key }: Slot, tags: readonly string[], work: () => Promise<Outcome>): Promise<Outcome> {
    const { scope } = this.#cache
    // What tags the response will have is for the route to say.
    const traits = { tags: scope.tagsOf(tags), isLoad: true, isOpen: true }
    return this.#flights.start(scope.key(key), traits, work).outcome
  }

  /** Gives a right back that is not used. */
  giveBack(permit: Permit): void {
    this.#leases.giveBack(permit.lease)
  }

  /** Says that something can't be stored, and gives back the right to it. */
  refuse(permit: Permit | undefined, error: unknown): void {
    if (permit !== undefined) this.giveBack(permit)
    this.#cache.core.refusals.note('response:', error)
  }

  /** Keeps the right alive while the response is being made. */
  hold(permit: Permit): void {
    this.#leases.hold(permit.lease, () => undefined)
  }

  /** Stores a response. Never rejects. */
  async store(response: StoredResponse, destination: Destination): Promise<void> {
    try {
      await this.#store(response, destination)
    } catch (error) {
      this.refuse(destination.permit, error)
    }
  }

  async #store(response: StoredResponse, { topKey, slot, permit, tags }: Destination): Promise<void> {
    const place = await this.#placeFor(response, { topKey, slot, permit })
    if (place === undefined) {
      this.giveBack(permit)
      return
    }
    const payload = encodeBytes(response.body, encodeHead(response))
    const { since, lease } = permit
    const isOfLease = place.key === slot.key
    const write = () =>
      this.#write(place.key, payload, {
        since,
        ttlMs: lifeOf(response),
        tags,
        lease: isOfLease ? lease : undefined,
      })
    if (isOfLease) await this.#leases.use(lease, write)
    // In this order, and in one turn: who asks next finds both.
    else await Promise.all([write(), this.#writeIndex(topKey, place.index, permit)])
  }

  /** Takes away what is stored under a key, its variants included. What is being made for it will not be stored. */
  async drop(key: string): Promise<void> {
    await this.#cache.delete(key)
  }

  /** Takes whether what is there will do. */
  async #claim(
    key: string,
    { tags, patientUntil }: Claiming,
    willDo: (stored: Top | undefined) => boolean,
  ): Promise<{ found: Top | undefined; permit: Permit | undefined }> {
    const { scope } = this.#cache
    const read = (opened: Opened): Top | undefined => {
      const stored = this.#decode(key, opened)
      return willDo(stored) ? stored : undefined
    }
    const claim = new LeaseClaim(scope.tagsOf(tags), patientUntil, read)
    const { found, since, lease } = await this.#leases.claim(scope.key(key), claim)
    return { found, permit: lease && { since, lease } }
  }

  async #findBelow(
    key: string,
    top: Top | undefined,
    { tags, headers }: { readonly tags: readonly string[]; readonly headers: IncomingHttpHeaders },
  ): Promise<Found> {
    if (top === undefined || !isIndex(top)) return { response: top, slot: { key, index: undefined } }
    const keys = top.variesBy.map((names) => variantKey(key, top, variantOf(names, headers)))
    const variants = await Promise.all(
      keys.map(async (variant) => this.#findNear(variant) ?? this.#read(variant, tags)),
    )
    const responses = variants.filter((variant) => variant !== undefined && !isIndex(variant))
    return { response: latest(responses as StoredResponse[]), slot: slotOf(key, top, headers) }
  }

  async #placeFor(
    { vary, variant }: StoredResponse,
    { topKey, slot, permit }: { topKey: string; slot: Slot; permit: Permit },
  ): Promise<Slot | undefined> {
    const { index } = slot
    const isTop = index === undefined
    if (isTop && vary.length === 0) return slot
    const others = index?.variesBy.filter((names) => !isSame(names, vary)) ?? []
    const isKnown = index !== undefined && isSame(index.variesBy[0] ?? [], vary)
    if (isKnown) return { key: variantKey(topKey, index, variant), index }
    const generation = index?.generation ?? randomBytes(9).toString('base64url')
    const extended = { generation, variesBy: [vary, ...others].slice(0, MOST_SETS) }
    if (!isTop && !(await this.#extendIndex(topKey, extended, permit))) return undefined
    return { key: variantKey(topKey, extended, variant), index: extended }
  }

  /** Writes an index in the place of the one that it extends, unless that has been dropped meanwhile. */
  async #extendIndex(topKey: string, extended: VariantIndex, { since }: Permit): Promise<boolean> {
    const seen = { isCurrent: false }
    const { scope } = this.#cache
    const { lease } = await this.#leases.claim(scope.key(topKey), {
      tags: scope.tagsOf([]),
      isFresh: always,
      mayStandIn: always,
      read: (opened) => {
        const stored = this.#decode(topKey, opened)
        seen.isCurrent = stored !== undefined && isIndex(stored) && stored.generation === extended.generation
        return undefined
      },
    })
    if (lease === undefined) return false
    if (seen.isCurrent) await this.#writeIndex(topKey, extended, { since, lease })
    else this.#leases.giveBack(lease)
    return seen.isCurrent
  }

  async #writeIndex(
    topKey: string,
    index: VariantIndex | undefined,
    { since, lease }: Permit,
  ): Promise<void> {
    if (index === undefined || lease.key !== this.#cache.scope.key(topKey)) {
      this.#leases.giveBack(lease)
      return
    }
    const payload = encodeBytes(encodeIndex(index))
    await this.#leases.use(lease, () =>
      this.#write(topKey, payload, { since, ttlMs: INDEX_LIFE_MS, tags: [], lease }),
    )
  }

  /** Whatever is in process of what was there before is void at once: nobody else tells of one's own writes. */
  async #write(key: string, payload: Payload, options: WriteOptions): Promise<Stored> {
    const { core, scope } = this.#cache
    const stored = scope.key(key)
    this.#near.changed(stored)
    const tags = scope.tagsOf(options.tags)
    return core.entries.write(stored, await core.codec.pack(payload), { ...options, tags })
  }

  #findNear(key: string): Top | undefined {
    const near = this.#near.find(this.#cache.scope.key(key))
    return near === NOT_NEAR ? undefined : (near as StoredResponse | VariantIndex)
  }

  async #read(key: string, tags: readonly string[]): Promise<Top | undefined> {
    return this.#decode(key, await this.#cache.open(key, tags))
  }

  #decode(key: string, opened: Opened): Top | undefined {
    const { entry } = opened
    const stored = entry && unpackedKind(entry.kind) === 'bytes' ? decodeStored(bytesOf(entry)) : undefined
    if (stored !== undefined)
      this.#near.keep(this.#cache.scope.key(key), opened, { value: Object.freeze(stored), isShared: true })
    return stored
  }
}

/** What was packed was a whole response once, so it is not too large. */
function bytesOf(entry: Payload): Buffer {
  return isPacked(entry) ? unpack(entry, MOST_BYTES).payload : entry.payload
}

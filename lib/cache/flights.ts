/** One lookup-and-load of a key, shared by everybody who asks for that key while it is under way. */
export interface Flight<Outcome> {
  /** What the result will depend on. */
  readonly tags: readonly string[]
  /** Settles with the outcome, for everybody. */
  readonly outcome: Promise<Outcome>
}

/** What a flight is for. */
export interface FlightPlan {
  /** How long its result lives. */
  readonly ttlMs: number
  /** What its result depends on. */
  readonly tags: readonly string[]
  /** Whether the key has not been changed meanwhile. */
  readonly isUnderWay: () => boolean
}

/** The flights of a process: at most one for a key. */
export class Flights<Outcome> {
  readonly #flights = new Map<string, Flight<Outcome>>()

  /** The flight to join, if there is one. */
  find(key: string): Flight<Outcome> | undefined {
    return this.#flights.get(key)
  }

  /** Starts a flight. It ends with its work, and takes away only itself. */
  start(
    key: string,
    tags: readonly string[],
    work: (isUnderWay: () => boolean) => Promise<Outcome>,
  ): Flight<Outcome> {
    const isUnderWay = () => this.#flights.get(key) === flight
    const outcome = Promise.resolve().then(() => work(isUnderWay))
    const flight: Flight<Outcome> = { tags, outcome }
    this.#flights.set(key, flight)
    const end = () => {
      if (isUnderWay()) this.#flights.delete(key)
    }
    outcome.then(end, end)
    return flight
  }

  /** Lets the flight of a changed key end by itself: nobody joins it any more, and its result is not stored. */
  dismiss(key: string): void {
    this.#flights.delete(key)
  }

  /** The same for all flights with one of these tags. */
  dismissTagged(tags: readonly string[]): void {
    for (const [key, flight] of this.#flights) {
      if (flight.tags.some((tag) => tags.includes(tag))) this.#flights.delete(key)
    }
  }

  /** The same for all. */
  dismissAll(): void {
    this.#flights.clear()
  }
}

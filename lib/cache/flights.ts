/** One lookup-and-load of a key, shared by everybody who asks for that key while it is under way. */
export interface Flight<Outcome> {
  readonly key: string
  /** What the result will depend on. */
  readonly tags: readonly string[]
  /** Settles with the outcome, for everybody. */
  readonly outcome: Promise<Outcome>
  /** Whether others may join only as long as nothing is heard of a change. */
  readonly isLoad: boolean
  /** Whether the key was changed here meanwhile. */
  isDismissed: boolean
  /** What is done when it is dismissed. */
  dismissed: () => void
}

/** What the work of a flight has to do with the flight. */
export interface FlightControl {
  /** Whether the key has not been changed meanwhile. */
  readonly isUnderWay: () => boolean
  /** Says what is done, once, when the key is changed meanwhile; at once where it has been. */
  readonly onDismissed: (listener: () => void) => void
}

/** What a flight is for. */
export interface FlightPlan extends FlightControl {
  /** How long its result lives. */
  readonly ttlMs: number
  /** What its result depends on. */
  readonly tags: readonly string[]
}

/** The flights of a process: at most one for a key. */
export class Flights<Outcome> {
  readonly #flights = new Map<string, Flight<Outcome>>()
  readonly #sealed = new Set<Flight<Outcome>>()

  /** The flight to join, if there is one. */
  find(key: string): Flight<Outcome> | undefined {
    return this.#flights.get(key)
  }

  /** Starts a flight. It ends with its work, and takes away only itself. */
  start(
    key: string,
    { tags, isLoad }: Pick<Flight<Outcome>, 'tags' | 'isLoad'>,
    work: (control: FlightControl) => Promise<Outcome>,
  ): Flight<Outcome> {
    const isUnderWay = (): boolean => !flight.isDismissed
    const onDismissed = (listener: () => void): void => {
      if (isUnderWay()) flight.dismissed = listener
      else listener()
    }
    const outcome = Promise.resolve().then(() => work({ isUnderWay, onDismissed }))
    const flight: Flight<Outcome> = { key, tags, outcome, isLoad, isDismissed: false, dismissed: nothing }
    // A set overtakes the load, or the set, that is under way.
    if (!isLoad) this.dismiss(key)
    this.#flights.set(key, flight)
    const end = () => {
      this.#sealed.delete(flight)
      if (this.#flights.get(key) === flight) this.#flights.delete(key)
    }
    outcome.then(end, end)
    return flight
  }

  /** Lets the flights of a changed key end by themselves: nobody joins them any more, and no result is stored. */
  dismiss(key: string): void {
    const flight = this.#flights.get(key)
    if (flight !== undefined) this.#dismiss(flight)
    for (const sealed of this.#sealed) if (sealed.key === key) this.#dismiss(sealed)
  }

  /** Dismisses all flights with one of these tags. */
  dismissTagged(tags: readonly string[]): void {
    for (const flight of this.#all()) if (flight.tags.some((tag) => tags.includes(tag))) this.#dismiss(flight)
  }

  /** Dismisses all. */
  dismissAll(): void {
    for (const flight of this.#all()) this.#dismiss(flight)
  }

  /**
   * Lets nobody join the load of a key that somebody else may have changed. What was heard may be old: whether its
   * result is stored is for the one to say who knows, its lease.
   */
  seal(key: string): void {
    const flight = this.#flights.get(key)
    if (flight?.isLoad !== true) return
    this.#flights.delete(key)
    this.#sealed.add(flight)
  }

  /** The same for all loads with this tag; for all there are, where none is named. */
  sealTagged(tag?: string): void {
    for (const { key, tags } of this.#flights.values())
      if (tag === undefined || tags.includes(tag)) this.seal(key)
  }

  *#all(): Generator<Flight<Outcome>> {
    yield* this.#flights.values()
    yield* this.#sealed
  }

  #dismiss(flight: Flight<Outcome>): void {
    if (this.#flights.get(flight.key) === flight) this.#flights.delete(flight.key)
    this.#sealed.delete(flight)
    flight.isDismissed = true
    flight.dismissed()
  }
}

function nothing(): void {
  // Most have nothing to be done.
}

/** What the work of a flight has to do with the flight. */
export type FlightControl<Outcome> = Pick<
  Flight<Outcome>,
  'isUnderWay' | 'onDismissed' | 'onAbandoned' | 'offer'
>

interface FlightTraits {
  /** What the result will depend on, as far as that is known. */
  readonly tags: readonly string[]
  /** Whether others may join only as long as nothing is heard of a change. */
  readonly isLoad: boolean
  /** Whether the result may depend on tags that are not known yet. */
  readonly isOpen: boolean
}

/** One lookup-and-load of a key, shared by everybody who asks for that key while it is under way. */
export class Flight<Outcome> {
  readonly key: string
  readonly traits: FlightTraits
  /** Settles with the outcome, for everybody. */
  readonly outcome: Promise<Outcome>
  /** How many wait for it who have not given up. */
  waiting = 0
  #isDismissed = false
  #isAbandoned = false
  #early: { readonly outcome: Outcome } | undefined
  #tellEarly: ((outcome: Outcome) => void) | undefined
  #first: Promise<Outcome> | undefined
  #dismissed: () => void = nothing
  #abandoned: () => void = nothing

  /** Begins the work. */
  constructor(
    key: string,
    traits: FlightTraits,
    work: (control: FlightControl<Outcome>) => Promise<Outcome>,
  ) {
    this.key = key
    this.traits = traits
    this.outcome = work(this)
  }

  /** Settles sooner where there is something that may do until then; with the outcome where there isn't. */
  get first(): Promise<Outcome> {
    if (this.#early !== undefined) return Promise.resolve(this.#early.outcome)
    this.#first ??= new Promise((resolve, reject) => {
      this.#tellEarly = resolve
      this.outcome.then(resolve, reject)
    })
    return this.#first
  }

  /** Whether the key has not been changed meanwhile. */
  isUnderWay(): boolean {
    return !this.#isDismissed
  }

  /** Says what is done, once, when the key is changed meanwhile; at once where it has been. */
  onDismissed(listener: () => void): void {
    if (this.#isDismissed) listener()
    else this.#dismissed = listener
  }

  /** Says what is done when the last one who waits has given up. */
  onAbandoned(listener: () => void): void {
    if (this.#isAbandoned) listener()
    else this.#abandoned = listener
  }

  /** Gives something that may do until the outcome is there: nobody can give up the flight any more. */
  offer(outcome: Outcome): void {
    this.#early = { outcome }
    this.#tellEarly?.(outcome)
  }

  /** Whether somebody may have an answer already: nobody can give it up any more. */
  get isOffered(): boolean {
    return this.#early !== undefined
  }

  /** The key was changed here meanwhile. */
  dismiss(): void {
    this.#isDismissed = true
    this.#dismissed()
  }

  /** All who waited have given up. */
  abandon(): void {
    this.#isAbandoned = true
    this.#abandoned()
  }
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
    traits: FlightTraits,
    work: (control: FlightControl<Outcome>) => Promise<Outcome>,
  ): Flight<Outcome> {
    // A set overtakes the load, or the set, that is under way.
    if (!traits.isLoad) this.dismiss(key)
    const flight = new Flight(key, traits, work)
    this.#flights.set(key, flight)
    const end = (): void => {
      this.#sealed.delete(flight)
      if (this.#flights.get(key) === flight) this.#flights.delete(key)
    }
    flight.outcome.then(end, end)
    return flight
  }

  /** One of those who wait has given up. Nobody joins what the last one has left. */
  leave(flight: Flight<Outcome>): void {
    flight.waiting -= 1
    if (flight.waiting > 0 || flight.isOffered) return
    if (this.#flights.get(flight.key) === flight) this.seal(flight.key)
    flight.abandon()
  }

  /** Lets the flights of a changed key end by themselves: nobody joins them any more, and no result is stored. */
  dismiss(key: string): void {
    const flight = this.#flights.get(key)
    if (flight !== undefined) this.#dismiss(flight)
    for (const sealed of this.#sealed) if (sealed.key === key) this.#dismiss(sealed)
  }

  /**
   * Dismisses all flights with one of these tags. Nobody joins any more what may turn out to have them: whether that is
   * stored is for its stamps to say.
   */
  dismissTagged(tags: readonly string[]): void {
    for (const flight of this.#all()) {
      if (flight.traits.tags.some((tag) => tags.includes(tag))) this.#dismiss(flight)
      else if (flight.traits.isOpen) this.#seal(flight)
    }
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
    if (flight !== undefined) this.#seal(flight)
  }

  /** The same for all loads with this tag; for all there are, where none is named. */
  sealTagged(tag?: string): void {
    for (const flight of this.#flights.values())
      if (tag === undefined || flight.traits.isOpen || flight.traits.tags.includes(tag)) this.#seal(flight)
  }

  *#all(): Generator<Flight<Outcome>> {
    yield* this.#flights.values()
    yield* this.#sealed
  }

  #seal(flight: Flight<Outcome>): void {
    if (!flight.traits.isLoad || this.#flights.get(flight.key) !== flight) return
    this.#flights.delete(flight.key)
    this.#sealed.add(flight)
  }

  #dismiss(flight: Flight<Outcome>): void {
    if (this.#flights.get(flight.key) === flight) this.#flights.delete(flight.key)
    this.#sealed.delete(flight)
    flight.dismiss()
  }
}

function nothing(): void {
  // Most have nothing to be done.
}

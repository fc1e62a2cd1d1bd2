/** One lookup-and-load of a key, shared by everybody who asks for that key while it is under way. */
export interface Flight<Outcome> {
  readonly key: string
  /** What the result will depend on, as far as that is known. */
  readonly tags: readonly string[]
  /** Settles with the outcome, for everybody. */
  readonly outcome: Promise<Outcome>
  /** Settles sooner where there is something that may do until then; with the outcome where there isn't. */
  readonly first: Promise<Outcome>
  /** Whether others may join only as long as nothing is heard of a change. */
  readonly isLoad: boolean
  /** Whether the result may depend on tags that are not known yet. */
  readonly isOpen: boolean
  /** How many wait for it who have not given up. */
  waiting: number
  /** Whether the key was changed here meanwhile. */
  isDismissed: boolean
  /** Whether all who waited have given up. */
  isAbandoned: boolean
  /** Whether somebody may have an answer already: nobody can give it up any more. */
  isOffered: boolean
  /** What is done when it is dismissed. */
  dismissed: () => void
  /** What is done when nobody waits any more. */
  abandoned: () => void
}

/** What the work of a flight has to do with the flight. */
export interface FlightControl<Outcome> {
  /** Whether the key has not been changed meanwhile. */
  readonly isUnderWay: () => boolean
  /** Says what is done, once, when the key is changed meanwhile; at once where it has been. */
  readonly onDismissed: (listener: () => void) => void
  /** Says what is done when the last one who waits has given up. */
  readonly onAbandoned: (listener: () => void) => void
  /** Gives something that may do until the outcome is there: nobody can give up the flight any more. */
  readonly offer: (first: Outcome) => void
}

interface Early<Outcome> {
  readonly resolve: (outcome: Outcome) => void
  readonly reject: (cause: unknown) => void
}

type FlightTraits<Outcome> = Pick<Flight<Outcome>, 'tags' | 'isLoad' | 'isOpen'>

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
    traits: FlightTraits<Outcome>,
    work: (control: FlightControl<Outcome>) => Promise<Outcome>,
  ): Flight<Outcome> {
    let answer: Early<Outcome> = { resolve: nothing, reject: nothing }
    const first = new Promise<Outcome>((resolve, reject) => (answer = { resolve, reject }))
    const control: FlightControl<Outcome> = {
      isUnderWay: () => !flight.isDismissed,
      onDismissed: (listener) => {
        if (flight.isDismissed) listener()
        else flight.dismissed = listener
      },
      onAbandoned: (listener) => {
        if (flight.isAbandoned) listener()
        else flight.abandoned = listener
      },
      offer: (found) => {
        flight.isOffered = true
        answer.resolve(found)
      },
    }
    const outcome = Promise.resolve().then(() => work(control))
    const flight: Flight<Outcome> = {
      key,
      ...traits,
      outcome,
      first,
      waiting: 0,
      isDismissed: false,
      isAbandoned: false,
      isOffered: false,
      dismissed: nothing,
      abandoned: nothing,
    }
    // A set overtakes the load, or the set, that is under way.
    if (!traits.isLoad) this.dismiss(key)
    this.#flights.set(key, flight)
    const end = (): void => {
      this.#sealed.delete(flight)
      if (this.#flights.get(key) === flight) this.#flights.delete(key)
    }
    outcome.then(end, end)
    outcome.then(answer.resolve, answer.reject)
    first.catch(nothing)
    return flight
  }

  /** One of those who wait has given up. Nobody joins what the last one has left. */
  leave(flight: Flight<Outcome>): void {
    flight.waiting -= 1
    if (flight.waiting > 0 || flight.isOffered) return
    if (this.#flights.get(flight.key) === flight) this.seal(flight.key)
    flight.isAbandoned = true
    flight.abandoned()
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
      if (flight.tags.some((tag) => tags.includes(tag))) this.#dismiss(flight)
      else if (flight.isOpen) this.#seal(flight)
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
      if (tag === undefined || flight.isOpen || flight.tags.includes(tag)) this.#seal(flight)
  }

  *#all(): Generator<Flight<Outcome>> {
    yield* this.#flights.values()
    yield* this.#sealed
  }

  #seal(flight: Flight<Outcome>): void {
    if (!flight.isLoad || this.#flights.get(flight.key) !== flight) return
    this.#flights.delete(flight.key)
    this.#sealed.add(flight)
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

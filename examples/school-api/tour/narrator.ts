import { isDeepStrictEqual, styleText } from 'node:util'

type Style = Parameters<typeof styleText>[0]

/** Something the tour says did not come out that way. */
export class TourError extends Error {
  /** @param message what was expected, and what came */
  constructor(message: string) {
    super(message)
    this.name = 'TourError'
  }
}

/** Where a narrator writes to: the terminal, or whatever else takes text. */
export interface Screen {
  write(text: string): unknown
  readonly isTTY?: boolean
  hasColors?(): boolean
}

/** Tells the tour: plain text, with colours where a person is watching. */
export class Narrator {
  readonly #out: Screen
  readonly #hasColours: boolean
  #chapters = 0

  /** @param out where to */
  constructor(out: Screen = process.stdout) {
    this.#out = out
    this.#hasColours = out.isTTY === true && out.hasColors?.() === true
  }

  /** The headline, and a line under it. */
  title(text: string, subtitle: string): void {
    this.#write(`\n  ${this.#paint('bold', text)}\n  ${this.#paint('dim', subtitle)}\n`)
  }

  /** Begins a chapter; they are counted. */
  chapter(text: string): void {
    this.#chapters += 1
    this.#write(`\n  ${this.#paint(['bold', 'cyan'], `${String(this.#chapters)}. ${text}`)}\n`)
  }

  /** A sentence. */
  say(text: string): void {
    this.#write(`     ${text}\n`)
  }

  /** A line of a table: columns already padded. */
  row(...columns: readonly string[]): void {
    this.#write(`       ${columns.join('  ')}\n`)
  }

  /**
   * Says something that is true, after making sure that it is.
   *
   * @throws TourError where what was found is not what is claimed
   */
  claim(text: string, found: unknown, expected: unknown): void {
    this.#verdict(text, isDeepStrictEqual(found, expected), JSON.stringify(expected), found)
  }

  /**
   * Says something about a number, after making sure that it lies between two others.
   *
   * @throws TourError where it doesn't
   */
  claimBetween(text: string, found: number, [least, most]: readonly [number, number]): void {
    this.#verdict(text, found >= least && found <= most, `${String(least)} to ${String(most)}`, found)
  }

  /** A paragraph after the chapters. */
  farewell(text: string): void {
    this.#write(`\n  ${text}\n`)
  }

  /** Says what the tour failed with. */
  failure(text: string): void {
    this.#write(`\n  ${this.#paint(['bold', 'red'], 'The tour stops here.')} ${text}\n\n`)
  }

  #verdict(text: string, holds: boolean, expected: string, found: unknown): void {
    this.#write(`     ${holds ? this.#paint('green', '✓') : this.#paint('red', '✗')} ${text}\n`)
    if (!holds) throw new TourError(`${text} Expected ${expected}, got ${JSON.stringify(found)}.`)
  }

  #paint(style: Style, text: string): string {
    return this.#hasColours ? styleText(style, text) : text
  }

  #write(text: string): void {
    this.#out.write(text)
  }
}

/** A token as a scene has it. */
export interface SceneToken {
  readonly jti: string
  readonly sub: string
  readonly iat: number
  readonly exp: number
}

/** Something that was revoked, and who has to refuse it. */
interface Revoked {
  /** One token, or all of the subject that were issued before this time. */
  readonly what: SceneToken | { readonly before: number; readonly spared: SceneToken | undefined }
  /** Which tokens of it are refused yet. */
  readonly tokens: Set<SceneToken>
  /** Who knows of it for certain. */
  readonly knownTo: Set<number>
  /** Who may know of it. */
  readonly heardBy: Set<number>
}

/**
 * What each side has to refuse, by what it has learnt: a token is no longer in it only if somebody who may have known
 * of the revocation took it back, or spared the token later.
 */
export class Expectations {
  #revoked: Revoked[] = []

  constructor(readonly tokens: readonly SceneToken[]) {}

  /** A side revokes a token; those that it reaches may hear of it. */
  revoke(side: number, token: SceneToken, reached: readonly number[]): void {
    this.#add(token, [token], { side, reached })
  }

  /** A side revokes all that was issued before a time, but for one. */
  revokeAll(
    side: number,
    cutOff: { before: number; except: SceneToken | undefined },
    reached: readonly number[],
  ): void {
    const { before, except } = cutOff
    const refused = new Set(this.tokens.filter((token) => token.iat < before && token !== except))
    for (const { what, tokens, heardBy } of this.#revoked) {
      if (except === undefined || !('before' in what)) continue
      const { spared } = what
      // Of two in the same second that spare different tokens, either may be the later one.
      if (spared !== undefined && what.before === before) refused.delete(spared)
      const isEarlier = what.before < before || (spared !== undefined && what.before === before)
      if (heardBy.has(side) || isEarlier) tokens.delete(except)
    }
    this.#add({ before, spared: except }, [...refused], { side, reached })
  }

  /** A side takes the revocation of a token back, as far as it may know of any. */
  restore(side: number, token: SceneToken): void {
    this.#forget(({ what, heardBy }) => what === token && heardBy.has(side))
  }

  /** A side takes the cut-offs back, as far as it may know of any. */
  restoreAll(side: number): void {
    this.#forget(({ what, heardBy }) => 'before' in what && heardBy.has(side))
  }

  /** These sides may have told each other all they know. */
  mayKnow(sides: readonly number[]): void {
    for (const { heardBy } of this.#revoked) {
      if (sides.some((side) => heardBy.has(side))) for (const side of sides) heardBy.add(side)
    }
  }

  /** These sides have told each other all they know. */
  know(sides: readonly number[]): void {
    for (const { knownTo } of this.#revoked) for (const side of sides) knownTo.add(side)
  }

  /** What a side has to refuse. */
  of(side: number, now: number): SceneToken[] {
    return this.tokens.filter(
      (token) =>
        token.exp > now &&
        this.#revoked.some(({ tokens, knownTo }) => tokens.has(token) && knownTo.has(side)),
    )
  }

  #add(
    what: Revoked['what'],
    tokens: readonly SceneToken[],
    { side, reached }: { side: number; reached: readonly number[] },
  ): void {
    this.#revoked.push({
      what,
      tokens: new Set(tokens),
      knownTo: new Set([side]),
      heardBy: new Set([side, ...reached]),
    })
  }

  #forget(isTakenBack: (revoked: Revoked) => boolean): void {
    this.#revoked = this.#revoked.filter((revoked) => !isTakenBack(revoked))
  }
}

import { isRestored, timeOf } from './revocation'
import type { RevocationKind } from './revocation'
import type { IdentifiedToken, TokenClaims } from './token-id'
import { claimText, claimTexts, exemptionId, subjectId } from './token-id'

/** What is known under an id; `undefined` for nothing. */
export type ValueOf = (id: string) => number | undefined

/** By what tokens may be cut off. */
export interface CutOffRules {
  readonly subjectClaims: readonly string[]
  /** The latest time of issue that is believed, in Unix seconds: now, and as much as clocks may be apart. */
  readonly latestIat: number
}

/**
 * Whether a token is refused by what is known: its own revocation, or a cut-off for one of the claims by which many
 * are revoked at a time, unless that spares it. A token that doesn't say when it was issued is older than any cut-off;
 * one that says it is yet to be issued, as in milliseconds, says nothing.
 */
export function isRefused(token: IdentifiedToken, rules: CutOffRules, valueOf: ValueOf): boolean {
  const own = valueOf(token.id)
  if (own !== undefined && !isRestored(own)) return true
  for (const claim of rules.subjectClaims) if (isCutOff(token, claim, rules.latestIat, valueOf)) return true
  return false
}

/** Under which ids there may be something that refuses a token, or spares it. */
export function concernedIds(
  { id, claims }: IdentifiedToken,
  subjectClaims: readonly string[],
): (readonly [kind: RevocationKind, id: string])[] {
  const subjects = subjectClaims.flatMap((claim) => subjectsOf(claims, claim))
  return [
    ['token', id],
    ...subjects.map((subject) => ['subject', subject] as const),
    ...subjects.flatMap((subject) =>
      sparedBy({ id, claims }).map((spared) => ['exemption', exemptionId(subject, spared)] as const),
    ),
  ]
}

/** By what a token may be spared: itself, or its session. */
export function sparedBy({ id, claims }: IdentifiedToken): string[] {
  const session = claimText(claims, 'sid')
  return session === undefined ? [id] : [id, sessionName(session)]
}

/** What an exemption of a whole session is called. */
export function sessionName(session: string): string {
  return `sid:${session}`
}

function isCutOff(token: IdentifiedToken, claim: string, latestIat: number, valueOf: ValueOf): boolean {
  for (const subject of subjectsOf(token.claims, claim)) {
    const value = valueOf(subject)
    if (value === undefined || isRestored(value)) continue
    const { iat } = token.claims
    if (typeof iat === 'number' && iat >= timeOf(value) && iat <= latestIat) continue
    // Of this cut-off, not of an earlier one.
    if (!sparedBy(token).some((spared) => valueOf(exemptionId(subject, spared)) === value)) return true
  }
  return false
}

/** Under which ids there may be cut-offs for a claim: one for each of several values, such as audiences. */
function subjectsOf(claims: TokenClaims, claim: string): string[] {
  return claimTexts(claims, claim).map((text) => subjectId(text, claim))
}

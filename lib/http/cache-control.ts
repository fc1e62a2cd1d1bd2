/** The directives of a Cache-Control field: name in lower case, argument as it was given, `''` where there is none. */
export type Directives = ReadonlyMap<string, string>

/**
 * Reads Cache-Control from one field or several (RFC 9111 §5.2, syntax of RFC 9110 §5.6). Of a directive that
 * is given twice, the first counts (RFC 9111 §4.2.1).
 */
export function parseCacheControl(field: string | number | readonly string[] | undefined): Directives {
  const directives = new Map<string, string>()
  const text = Array.isArray(field) ? field.join(',') : String(field ?? '')
  for (const [, name = '', quoted, plain] of text.matchAll(DIRECTIVE)) {
    const argument = quoted === undefined ? (plain ?? '') : quoted.replace(/\\(.)/g, '$1')
    if (!directives.has(name.toLowerCase())) directives.set(name.toLowerCase(), argument)
  }
  return directives
}

/**
 * Reads delta-seconds (RFC 9111 §1.2.2). What is too large counts as the largest; what is no whole number
 * counts as 0, so that a malformed lifetime is stale at once (RFC 9111 §4.2.1).
 */
export function deltaSeconds(argument: string): number {
  return /^\d+$/.test(argument) ? Math.min(Number(argument), 2 ** 31) : 0
}

const DIRECTIVE = /([!#$%&'*+\-.^_`|~\w]+)\s*(?:=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,;"]*)))?/g

/** FNV-1a, 32 bits, of a text or its end: spreads what is kept, and says nothing that anything could be known by. */
export function fnv1a(text: string, from = 0): number {
  let hash = 0x811c9dc5
  for (let at = from; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  return hash >>> 0
}

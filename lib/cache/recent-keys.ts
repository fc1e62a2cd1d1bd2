/** Most branches of all trees together: two or three megabytes. */
const MOST_BRANCHES = 10_000
/** What is longer is made anew each time. */
const LONGEST_TEXT = 64
/** From this length on V8 makes a slice of a string a view of it. */
const SHORTEST_SLICE = 13

let branches = 0
const trees = new Set<RecentKeys>()

/** What the keys that begin with the same parts have in common. */
interface Branch {
  /** The key of the parts that lead here. */
  key: string | undefined
  next: Map<unknown, Branch> | undefined
}

/**
 * The keys that were made of parts lately. To find one here takes less time than to look up one that was just made:
 * a string that was put together has to be copied and hashed first, and this one has been.
 */
export class RecentKeys {
  #root: Branch = { key: undefined, next: undefined }

  /** The key that was kept for these parts. */
  find(parts: readonly unknown[]): string | undefined {
    let branch: Branch | undefined = this.#root
    for (let at = 0; at < parts.length && branch !== undefined; at += 1) branch = branch.next?.get(parts[at])
    return branch?.key
  }

  /** Keeps a key for those who ask by the same parts, where these are short texts or whole numbers. */
  keep(parts: readonly unknown[], key: string): void {
    if (!parts.every(isPlainPart)) return
    if (branches + parts.length > MOST_BRANCHES) forgetAll()
    trees.add(this)
    let branch = this.#root
    for (const part of parts) branch = branch.next?.get(part) ?? grow(branch, part)
    branch.key = key
  }

  /** Lets go of all. */
  clear(): void {
    this.#root = { key: undefined, next: undefined }
  }
}

function grow(branch: Branch, part: string | number): Branch {
  const grown = { key: undefined, next: undefined }
  branch.next ??= new Map()
  branch.next.set(typeof part === 'string' ? ownText(part) : part, grown)
  branches += 1
  return grown
}

function forgetAll(): void {
  for (const tree of trees) tree.clear()
  trees.clear()
  branches = 0
}

/** A `Map` tells these apart as keys do: not so 0 and -0. */
function isPlainPart(part: unknown): part is string | number {
  if (typeof part === 'string') return part.length <= LONGEST_TEXT
  return typeof part === 'number' && Number.isSafeInteger(part) && part > 0
}

/** A copy of a text which may be a view of a longer one, such as a whole URL, that would be kept with it. */
function ownText(text: string): string {
  return text.length < SHORTEST_SLICE ? text : ` ${text}`.slice(1)
}

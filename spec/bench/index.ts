import { compareDecorators } from './decorators'
import { compareHits } from './hits'
import { compareMisses } from './misses'
import { compareNear } from './near'
import { compareReads } from './reads'
import { compareStampedes } from './stampede'

/** Prints each comparison as ratios to its first row, which is the limit or the way by hand. */
async function main(): Promise<void> {
  const asked = process.argv[2]
  const all = {
    decorators: compareDecorators,
    hits: compareHits,
    near: compareNear,
    reads: compareReads,
    misses: compareMisses,
    stampede: compareStampedes,
  }
  for (const [name, compared] of Object.entries(all))
    if (asked === undefined || asked === name) await compared()
}

void main()

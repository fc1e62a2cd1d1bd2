import { measureLoading } from './loading'
import { measureLookups } from './lookups'
import { measureNews } from './news'
import { compareRequests } from './requests'

/** What revocations cost: `npm run bench:revocations -- [lookups | requests | loading | news]`. */
async function main(): Promise<void> {
  const asked = process.argv[2]
  const all = {
    lookups: measureLookups,
    requests: compareRequests,
    loading: measureLoading,
    news: measureNews,
  }
  for (const [name, measured] of Object.entries(all))
    if (asked === undefined || asked === name) await measured()
}

void main()

import { expect } from 'chai'
import type { Report } from './application/commands'
import type { Fault } from './fault'
import type { Outcome } from './run-fault'
import type { Name } from './scene'
import { NAMES } from './scene'

/** What is true of every fault. */
export interface Invariant {
  /** A fact. */
  readonly title: string
  readonly check: (outcome: Outcome, fault: Fault) => void
}

// More than any caller waits unless it waits for Redis, on a machine that is busy with other things, too.
const FAR_BEYOND_THE_BUDGET_MS = 400
/** A machine that others use as well stumbles now and then. */
const MOST_LATE_SPELLS = 2
/** Twice what the load sends within one command timeout. */
const CALLERS_PER_TIMEOUT = 60
const READY_WITHIN_MS = 1500

/** All of them. */
export const invariants: readonly Invariant[] = [
  {
    title: "rejects no call, and lets the loader's own errors through",
    check: forEachReport(({ rejections, ended, pending }) => {
      expect(rejections).to.deep.equal([])
      expect(ended).to.be.greaterThan(100)
      expect(pending).to.equal(0)
    }),
  },
  {
    title: 'leaves no rejection and no error to nobody',
    check: forEachReport(({ accidents }) => {
      expect(accidents).to.deep.equal([])
    }),
  },
  {
    title: 'lets no call wait for longer than a command may',
    check: forEachReport(({ late, lateSpells, longestMs }) => {
      expect(lateSpells, JSON.stringify(late)).to.be.at.most(MOST_LATE_SPELLS)
      expect(longestMs).to.be.lessThan(FAR_BEYOND_THE_BUDGET_MS)
    }),
  },
  {
    title: "lets no more callers wait than come within one command's time",
    check: forEachReport(({ waited, states }) => {
      const times = states.filter((state) => state === 'suspect').length
      expect(waited).to.be.at.most(CALLERS_PER_TIMEOUT * Math.max(1, times))
    }),
  },
  {
    title: 'runs no loader twice at once for a key',
    check: forEachReport(({ loads, loadedTwiceAtOnce }) => {
      expect(loads).to.be.greaterThan(0)
      expect(loadedTwiceAtOnce).to.deep.equal([])
    }),
  },
  {
    title: 'says of each change where it stands',
    check: (outcome, fault) => {
      const { before, within } = outcome.stood
      expect(new Set(before)).to.deep.equal(new Set(['redis']))
      for (const stored of within) expect(stored).to.be.oneOf(['redis', 'memory', 'none'])
      for (const name of NAMES) expect(outcome.reports[name].unknownOutcomes).to.deep.equal([])
      if (fault.isTakenFor === 'an outage for life') expect(within).to.not.include('redis')
    },
  },
  {
    title: 'is told once, and each cause in one line',
    check: (outcome, fault) => {
      for (const name of NAMES) {
        const { events, log } = outcome.reports[name]
        expect(events, name).to.deep.equal(expectedEvents(fault, name, events.length))
        expect(repeatedCauses(log), name).to.deep.equal([])
      }
    },
  },
  {
    title: 'is over soon after Redis answers',
    check: ({ readyAfterMs, closings }, { isTakenFor }) => {
      if (isTakenFor === 'an outage for life') return
      expect(readyAfterMs).to.be.lessThan(READY_WITHIN_MS)
      for (const name of NAMES) expect(closings[name]?.notCarriedOver, name).to.equal(0)
    },
  },
  {
    title: 'shows nobody what he has changed himself, at no time',
    check: (outcome, fault) => {
      expect(outcome.staleMeanwhile).to.deep.equal([])
      // A Redis that forgets behind everybody's back is found out within half a second.
      if (fault.isTakenFor === 'forgetting') return
      for (const name of NAMES) expect(outcome.reports[name].staleReads, name).to.deep.equal([])
    },
  },
  {
    title: 'undoes no change, whoever made it, on any instance',
    check: ({ staleAfterwards, wrongAtTheEnd }) => {
      expect(staleAfterwards).to.deep.equal([])
      expect(wrongAtTheEnd).to.deep.equal([])
    },
  },
]

function forEachReport(check: (report: Report) => void): Invariant['check'] {
  return ({ reports }) => {
    for (const name of NAMES) check(reports[name])
  }
}

function expectedEvents({ isTakenFor, hits }: Fault, name: Name, count: number): Report['events'] {
  if (hits?.includes(name) === false) return []
  switch (isTakenFor) {
    case 'an outage':
      return ['degraded', 'recovered']
    case 'outages':
      return Array.from({ length: count }, (_, index) => (index % 2 === 0 ? 'degraded' : 'recovered'))
    case 'an outage for life':
      return ['degraded']
    case 'nothing':
    case 'forgetting':
      return []
  }
}

/** What the log has said of one outage more than once. */
function repeatedCauses(log: Report['log']): unknown[] {
  const seen = new Set<unknown>()
  return log.flatMap(({ level, message, details }) => {
    if (message === 'Redis client connected') seen.clear()
    if (level !== 'error') return []
    const cause = details?.['cause']
    const isRepeated = seen.has(cause)
    seen.add(cause)
    return isRepeated ? [cause] : []
  })
}

import type { Logger } from '../logger'
import type { Reading } from './revocation-log'

const REASONS = {
  foreign: { cause: 'another version of holdfast writes them', remedy: 'update holdfast' },
  refused: {
    cause: 'the store keeps no log of them',
    remedy: 'Redis 5 or later, and an ACL with +xadd +xrange +xtrim',
  },
}

/** Says in the log why this process has no copy of the revocations. */
export function warnOfNoCopy(
  logger: Logger,
  outcome: Extract<Reading['outcome'], keyof typeof REASONS>,
): void {
  logger.warn('No copy of the revocations: each check asks Redis', REASONS[outcome])
}

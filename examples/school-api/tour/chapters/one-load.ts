import type { Stage } from '../stage'
import { count, milliseconds } from '../format'
import { measure } from '../measure'

const CROWD = 50

/** A crowd asks for what nobody has computed yet. */
export async function oneLoad({ db, narrator, school }: Stage): Promise<void> {
  narrator.chapter('Fifty people press reload at once')
  const one = await school.client.logIn('admin@elmwood.example')
  const many = await school.client.logIn('admin@harbour.example')

  const single = await measure(db, () => school.client.dashboard(one))
  narrator.row("Elmwood's dashboard, asked for once:        ", `${count(single.queries)} queries`)
  const crowd = await measure(db, () =>
    Promise.all(Array.from({ length: CROWD }, () => school.client.dashboard(many))),
  )
  narrator.row("Harbour's dashboard, asked for by 50 at once:", `${count(crowd.queries)} queries`)

  const answered = crowd.result.filter((reply) => reply.status === 200)
  const slowest = Math.max(...answered.map((reply) => reply.ms))
  narrator.claim(
    `All ${String(CROWD)} are answered, the last after ${milliseconds(slowest)}.`,
    answered.length,
    CROWD,
  )
  narrator.claim('Together they cost what one costs.', crowd.queries, single.queries)
}

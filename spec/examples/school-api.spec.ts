import { expect } from 'chai'
import { createCache } from 'holdfast'
import { setTimeout as pause } from 'node:timers/promises'
import initSqlJs from 'sql.js'
import { createApp } from '../../examples/school-api/app'
import type { SchoolAdminDashboard } from '../../examples/school-api/dashboards/school-admin-dashboard'
import type { StudentDashboard } from '../../examples/school-api/dashboards/student-dashboard'
import type { SuperAdminDashboard } from '../../examples/school-api/dashboards/super-admin-dashboard'
import { Database } from '../../examples/school-api/database/database'
import { openSchoolDatabase } from '../../examples/school-api/database/open-school-database'
import { listen } from '../../examples/school-api/listen'
import { correct, planCorrection, seenScore } from '../../examples/school-api/tour/correction'
import { measure } from '../../examples/school-api/tour/measure'
import { SchoolClient } from '../../examples/school-api/tour/school-client'
import type { Reply } from '../../examples/school-api/tour/school-client'
import type { SchoolInstance } from '../../examples/school-api/tour/school-instance'
import { startInstance } from '../../examples/school-api/tour/school-instance'

/** The first account of each role, at the first school. */
const ACCOUNTS = {
  super_admin: 'super@schools.example',
  school_admin: 'admin@northgate.example',
  teacher: 'teacher@northgate.example',
  staff: 'staff@northgate.example',
  student: 'student@northgate.example',
  parent: 'parent@northgate.example',
}

const SECRET = 'a secret of the spec'

interface Refusal {
  readonly error: { readonly code: string; readonly message: string }
}

describe('The school API', function () {
  this.timeout(20_000)

  let db: Database
  let school: SchoolInstance
  let client: SchoolClient

  before(async () => {
    db = await openSchoolDatabase()
  })

  after(() => {
    db.close()
  })

  beforeEach(async () => {
    school = await startInstance(db, createCache({ redis: false, logger: false }), SECRET)
    client = school.client
  })

  afterEach(() => school.close())

  /** What a dashboard costs that somebody asks for, after logging in. */
  async function costOf(email: string): Promise<number> {
    const token = await client.logIn(email)
    return (await measure(db, () => client.dashboard(token))).queries
  }

  function put(path: string, token: string, json: unknown): Promise<Reply<Refusal>> {
    return client.send<Refusal>(path, { method: 'PUT', token, json })
  }

  describe('its database', () => {
    it('is the same at each start', async () => {
      const other = await openSchoolDatabase()
      const fingerprint = `SELECT (SELECT sum(score * student_id) FROM grades WHERE id > 16) AS grades,
        (SELECT count(*) FROM attendance WHERE status = 'absent') AS absences,
        (SELECT group_concat(name) FROM users) AS names`
      try {
        expect(await other.one(fingerprint)).to.deep.equal(await db.one(fingerprint))
      } finally {
        other.close()
      }
    })

    it('has no teacher and no room in two places at once', async () => {
      const clashes = (place: string): string => `SELECT count(*) AS clashes FROM (
        SELECT 1 FROM lessons JOIN courses ON courses.id = lessons.course_id
          JOIN classes ON classes.id = lessons.class_id
         GROUP BY weekday, period, school_id, ${place} HAVING count(*) > 1)`
      expect(await db.one(clashes('teacher_id'))).to.deep.equal({ clashes: 0 })
      expect(await db.one(clashes('room'))).to.deep.equal({ clashes: 0 })
    })

    it('counts the rows that went into an answer', async () => {
      const { marks } = await db.one<{ marks: number }>(
        'SELECT (SELECT count(*) FROM grades) + (SELECT count(*) FROM attendance) AS marks',
      )
      const token = await client.logIn(ACCOUNTS.super_admin)
      const { rowsRead } = await measure(db, () => client.dashboard(token))
      // All of these, all users with a school, the ids of the schools.
      const { users } = await db.one<{ users: number }>('SELECT count(school_id) AS users FROM users')
      expect(rowsRead).to.equal(marks + users + 3)
    })
  })

  describe('a dashboard', () => {
    for (const [role, email] of Object.entries(ACCOUNTS)) {
      it(`for the role ${role} is computed once and then found`, async () => {
        const token = await client.logIn(email)
        const cold = await measure(db, () => client.dashboard<{ role: string }>(token))
        const warm = await measure(db, () => client.dashboard(token))
        expect(cold.result.status).to.equal(200)
        expect(cold.result.body.role).to.equal(role)
        expect(cold.queries).to.be.greaterThan(0)
        expect(warm.queries).to.equal(0)
        expect(warm.result.body).to.deep.equal(cold.result.body)
      })
    }

    it('is true to the rows', async () => {
      const { body } = await client.dashboard<SchoolAdminDashboard>(await client.logIn(ACCOUNTS.school_admin))
      const facts = await db.one(`
        SELECT round(avg(score), 1) AS averageScore, count(DISTINCT student_id) AS students
          FROM grades WHERE student_id IN (SELECT id FROM users WHERE school_id = 1)`)
      const { averageScore, students } = body.school
      expect({ averageScore, students }).to.deep.equal(facts)
      expect(body.bySubject).to.have.length(8)
      expect(body.byYear.map(({ year }) => year)).to.deep.equal([7, 8, 9, 10, 11, 12])
    })

    it('for a super admin adds the schools up', async () => {
      const { body } = await client.dashboard<SuperAdminDashboard>(await client.logIn(ACCOUNTS.super_admin))
      expect(body.schools.map(({ students }) => students)).to.deep.equal([1800, 1650, 1500])
      expect(body).to.include({ students: 4950, teachers: 300 })
    })

    it('is never another person’s', async () => {
      const first = await client.dashboard<StudentDashboard>(await client.logIn('student@northgate.example'))
      const second = await client.dashboard<StudentDashboard>(
        await client.logIn('student-2@northgate.example'),
      )
      expect(second.body.name).not.to.equal(first.body.name)
    })

    it('asked for by fifty at once costs what one costs', async () => {
      const alone = await costOf('admin@elmwood.example')
      const token = await client.logIn('admin@harbour.example')
      const crowd = await measure(db, () =>
        Promise.all(Array.from({ length: 50 }, () => client.dashboard(token))),
      )
      expect(crowd.result.map(({ status }) => status)).to.deep.equal(Array(50).fill(200))
      expect(crowd.queries).to.equal(alone)
    })
  })

  describe('a change of a grade', () => {
    it('shows at once, and voids the dashboards of its school alone', async () => {
      const others = ['admin@harbour.example', 'teacher@harbour.example', 'student@elmwood.example']
      const affected = Object.values(ACCOUNTS)
      for (const email of [...affected, ...others]) await costOf(email)
      const student = await client.logIn(ACCOUNTS.student)
      const correction = await planCorrection(client, student)

      await correct(client, correction, await client.logIn(ACCOUNTS.teacher))

      for (const email of affected) expect(await costOf(email), email).to.be.greaterThan(0)
      for (const email of others) expect(await costOf(email), email).to.equal(0)
      expect(await seenScore(client, student, correction.gradeId)).to.equal(correction.to)
    })

    it('shows in a gradebook that was kept as a response', async () => {
      const token = await client.logIn(ACCOUNTS.teacher)
      const book = (): Promise<Reply<{ gradeId: number; score: number }[]>> =>
        client.send('/gradebook/1', { token })
      const [first] = (await book()).body
      expect((await book()).cacheStatus).to.match(/^holdfast; hit/)
      const score = first?.score === 50 ? 51 : 50
      await put(`/grades/${String(first?.gradeId)}`, token, { score })
      const after = await book()
      expect(after.cacheStatus).to.match(/stored$/)
      expect(after.body[0]).to.include({ gradeId: first?.gradeId, score })
    })

    it('takes a teacher', async () => {
      for (const email of [ACCOUNTS.student, ACCOUNTS.school_admin, ACCOUNTS.super_admin]) {
        const { status, body } = await put('/grades/1', await client.logIn(email), { score: 100 })
        expect([email, status, body.error.code]).to.deep.equal([email, 403, 'forbidden'])
      }
    })

    it('takes a teacher of its school', async () => {
      const token = await client.logIn('teacher@harbour.example')
      expect((await put('/grades/1', token, { score: 100 })).status).to.equal(403)
      expect((await client.send('/gradebook/1', { token })).status).to.equal(403)
    })

    it('takes a grade that there is', async () => {
      const token = await client.logIn(ACCOUNTS.teacher)
      expect((await put('/grades/999999', token, { score: 100 })).status).to.equal(404)
    })

    it('takes a whole number from 0 to 100', async () => {
      const token = await client.logIn(ACCOUNTS.teacher)
      for (const json of [
        { score: 101 },
        { score: -1 },
        { score: 1.5 },
        { score: '90' },
        { score: null },
        {},
        [],
      ]) {
        const { status, body } = await put('/grades/1', token, json)
        expect([json, status, body.error.code]).to.deep.equal([json, 400, 'bad_request'])
      }
      expect((await put('/grades/one', token, { score: 1 })).status).to.equal(400)
      expect((await put('/grades/0', token, { score: 1 })).status).to.equal(400)
    })
  })

  describe('a timetable', () => {
    it('is anybody’s, and comes from the cache the second time', async () => {
      const first = await client.send('/timetable/7')
      const second = await measure(db, () => client.send('/timetable/7'))
      expect(first.cacheStatus).to.equal('holdfast; fwd=uri-miss; stored')
      expect(second.result.cacheStatus).to.match(/^holdfast; hit; ttl=\d+$/)
      expect(second.result.body).to.deep.equal(first.body)
      expect(second.queries).to.equal(0)
    })

    it('is 404 for no class and 400 for what can’t be one', async () => {
      expect((await client.send('/timetable/999')).status).to.equal(404)
      expect((await client.send('/timetable/all')).status).to.equal(400)
    })
  })

  describe('a login', () => {
    it('with a wrong password or address is refused in the same words', async () => {
      const attempt = (email: string, password: string): Promise<Reply<Refusal>> =>
        client.send<Refusal>('/login', { method: 'POST', json: { email, password } })
      const password = await attempt(ACCOUNTS.teacher, 'chalk')
      const address = await attempt('nobody@northgate.example', 'chalk')
      expect(password.status).to.equal(401)
      expect(address.status).to.equal(401)
      expect(address.body).to.deep.equal(password.body)
    })

    it('without an address, or in broken JSON, is 400 and quotes nothing', async () => {
      const empty = await client.send('/login', { method: 'POST', json: { password: 'chalk' } })
      expect(empty.status).to.equal(400)
      const response = await fetch(`${school.url}/login`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: '{"password": chalk}',
      })
      expect(response.status).to.equal(400)
      expect(await response.text()).not.to.contain('chalk')
    })

    it('is needed for a dashboard', async () => {
      const { status, body } = await client.send<Refusal>('/dashboard')
      expect([status, body.error.code]).to.deep.equal([401, 'credentials_required'])
    })

    it('of another secret is refused', async () => {
      const other = await startInstance(db, createCache({ redis: false, logger: false }), 'another secret')
      try {
        const token = await other.client.logIn(ACCOUNTS.teacher)
        const { status, body } = await client.dashboard<Refusal>(token)
        expect([status, body.error.code]).to.deep.equal([401, 'invalid_token'])
      } finally {
        await other.close()
      }
    })
  })

  describe('a logout', () => {
    it('ends its own token and no other', async () => {
      const mine = await client.logIn(ACCOUNTS.parent)
      const other = await client.logIn(ACCOUNTS.parent)
      expect((await client.send('/logout', { method: 'POST', token: mine })).status).to.equal(204)
      const { status, body } = await client.dashboard<Refusal>(mine)
      expect([status, body.error.code]).to.deep.equal([401, 'revoked_token'])
      expect((await client.dashboard(other)).status).to.equal(200)
    })

    it('everywhere ends all of a user’s tokens, until a new login', async () => {
      const tokens = [await client.logIn(ACCOUNTS.parent), await client.logIn(ACCOUNTS.parent)]
      const bystander = await client.logIn(ACCOUNTS.student)
      const [token = ''] = tokens
      const reply = await client.send<{ newTokensFrom: string }>('/logout-everywhere', {
        method: 'POST',
        token,
      })
      for (const ended of tokens) expect((await client.dashboard(ended)).status).to.equal(401)
      expect((await client.dashboard(bystander)).status).to.equal(200)

      await pause(Math.max(0, Date.parse(reply.body.newTokensFrom) - Date.now()))
      expect((await client.dashboard(await client.logIn(ACCOUNTS.parent))).status).to.equal(200)
    })
  })

  describe('to operators', () => {
    it('gives stats without keys', async () => {
      await costOf(ACCOUNTS.student)
      const { body } = await client.send<object>('/cache/stats')
      expect(body).to.have.all.keys('type', 'state', 'connected', 'size', 'hits', 'misses', 'hitRatio')
      expect(JSON.stringify(body)).not.to.contain('dashboard')
    })

    it('gives its health', async () => {
      const { status, body } = await client.send('/health')
      expect(status).to.equal(200)
      expect(body).to.deep.equal({
        status: 'ok',
        cache: { state: 'memory', type: 'memory', connected: false },
      })
    })

    it('reports an unexpected error, of which the caller learns nothing', async () => {
      const reports: unknown[] = []
      const sqlJs = await initSqlJs()
      const empty = new Database(new sqlJs.Database())
      const cache = createCache({ redis: false, logger: false })
      const report = (error: unknown): number => reports.push(error)
      const server = await listen(createApp({ db: empty, cache, jwtSecret: SECRET, report }), 0, '127.0.0.1')
      try {
        const { status, body } = await new SchoolClient(server.url).send<Refusal>('/timetable/1')
        expect([status, body.error.code]).to.deep.equal([500, 'internal_error'])
        expect(JSON.stringify(body)).not.to.contain('table')
        expect(reports.map(String)).to.deep.equal(['Error: no such table: classes'])
      } finally {
        await server.close()
        await cache.close()
        empty.close()
      }
    })

    it('answers 404 where there is nothing', async () => {
      const { status, body } = await client.send<Refusal>('/grades')
      expect([status, body.error.code]).to.deep.equal([404, 'not_found'])
    })
  })
})

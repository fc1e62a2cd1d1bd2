const { once } = require('node:events')
const { sign } = require('jsonwebtoken')

const SECRET = 'of the consumers'

/** Asks an app what its clients would, and answers what they would see. */
async function visit(app, { logoutPath = '/api/logout' } = {}) {
  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const origin = `http://127.0.0.1:${server.address().port}`
  const token = sign({ name: 'Ada' }, SECRET, { subject: '42', jwtid: 'first', expiresIn: '1h' })
  const request = async (path, options) => {
    const response = await fetch(origin + path, options)
    return {
      status: response.status,
      cacheStatus: response.headers.get('cache-status'),
      body: await response.text(),
    }
  }
  const headers = { authorization: `Bearer ${token}` }
  try {
    const timetables = [await request('/timetable/5b'), await request('/timetable/5b')]
    const users = await Promise.all([request('/users/7'), request('/users/7')])
    users.push(await request('/users/8'))
    const before = await request('/api/me', { headers })
    const logout = await request(logoutPath, { headers, method: 'POST' })
    const after = await request('/api/me', { headers })
    return {
      timetables: timetables.map(({ body }) => body),
      cacheStatus: timetables.map(({ cacheStatus }) => cacheStatus.replace(/ttl=\d+/, 'ttl=N')),
      users: users.map(({ body }) => body),
      token: [before, logout, after].map(({ status }) => status),
    }
  } finally {
    server.close()
    server.closeAllConnections()
  }
}

module.exports = { visit, SECRET }

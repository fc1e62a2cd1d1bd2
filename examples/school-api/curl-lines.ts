import { DEMO_PASSWORD } from './database/open-school-database'

/** Lines for a shell, to try a running service with; they work word for word, one after the other. */
export function curlLines(url: string): string {
  const credentials = `{"email":"teacher@northgate.example","password":"${DEMO_PASSWORD}"}`
  const token = `node -pe 'JSON.parse(require("fs").readFileSync(0)).token'`
  return [
    `curl -i ${url}/timetable/1`,
    `TOKEN=$(curl -s ${url}/login -H 'Content-Type: application/json' -d '${credentials}' | ${token})`,
    `curl ${url}/dashboard -H "Authorization: Bearer $TOKEN"`,
    `curl ${url}/cache/stats`,
    `curl -i -X POST ${url}/logout -H "Authorization: Bearer $TOKEN"`,
    `curl -i ${url}/dashboard -H "Authorization: Bearer $TOKEN"`,
  ]
    .map((line) => `  ${line}`)
    .join('\n')
}

const DAY = '(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)'
const LONG_DAY = '(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day'
const MONTH = '(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)'
const TIME = String.raw`\d{2}:\d{2}:\d{2}`

/** The forms of RFC 9110 §5.6.7: the preferred one, that of RFC 850, and that of asctime. */
const IMF_FIXDATE = new RegExp(String.raw`^${DAY}, (\d{2} ${MONTH} \d{4} ${TIME}) GMT$`, 'i')
const RFC_850 = new RegExp(String.raw`^${LONG_DAY}, (\d{2})-(${MONTH})-(\d{2}) (${TIME}) GMT$`, 'i')
const ASCTIME = new RegExp(String.raw`^${DAY} (${MONTH}) ([ \d]\d) (${TIME}) (\d{4})$`, 'i')

/** A year of two digits that lies further ahead than this is one of the past (RFC 9110 §5.6.7). */
const MOST_YEARS_AHEAD = 50

/**
 * Reads an HTTP-date in any case, as Unix milliseconds (RFC 9110 §5.6.7, RFC 9111 §4.2); NaN for whatever is none,
 * however much like a date it looks, and for any zone but GMT.
 */
export function parseHttpDate(text: string): number {
  if (text === '') return Number.NaN
  const [, fixdate] = IMF_FIXDATE.exec(text) ?? []
  if (fixdate !== undefined) return Date.parse(`${fixdate} GMT`)
  const [, day = '', month = '', year, time = ''] = RFC_850.exec(text) ?? []
  if (year !== undefined) return Date.parse(`${day} ${month} ${String(fullYear(Number(year)))} ${time} GMT`)
  const asctime = ASCTIME.exec(text)
  if (asctime === null) return Number.NaN
  return Date.parse(`${asctime[2] ?? ''} ${asctime[1] ?? ''} ${asctime[4] ?? ''} ${asctime[3] ?? ''} GMT`)
}

function fullYear(twoDigits: number): number {
  const present = new Date().getUTCFullYear()
  const inThisCentury = present - (present % 100) + twoDigits
  return inThisCentury - present > MOST_YEARS_AHEAD ? inThisCentury - 100 : inThisCentury
}

let lastSecond = Number.NaN
let lastDate = ''

/** Writes Unix milliseconds as an HTTP-date. Most are of the second of the one before. */
export function httpDate(at: number): string {
  const second = Math.floor(at / 1000)
  if (second !== lastSecond) {
    lastDate = new Date(at).toUTCString()
    lastSecond = second
  }
  return lastDate
}

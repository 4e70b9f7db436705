/** Times as people in the district read them, whatever clock this computer keeps. */
const ZONE = 'Asia/Shanghai'

const parts = new Intl.DateTimeFormat('zh-CN', {
  timeZone: ZONE,
  year: 'numeric',
  month: '2-digit',
  day: '2-digit',
  hour: '2-digit',
  minute: '2-digit',
  hourCycle: 'h23',
})

function read(ms: number): Record<string, string> {
  return Object.fromEntries(parts.formatToParts(ms).map((part) => [part.type, part.value]))
}

export function day(ms: number): string {
  const { year, month, day } = read(ms)
  return `${year}-${month}-${day}`
}

/** Without the year where it is the present one. */
export function moment(ms: number, now: number = Date.now()): string {
  const whole = fullMoment(ms)
  return whole.slice(0, 4) === day(now).slice(0, 4) ? whole.slice(5) : whole
}

export function fullMoment(ms: number): string {
  const { year, month, day, hour, minute } = read(ms)
  return `${year}-${month}-${day} ${hour}:${minute}`
}

export function monthOf(ms: number): string {
  return day(ms).slice(0, 7)
}

/** The months up to this one, newest first, as `YYYY-MM`. */
export function monthsBack(from: number, count: number): string[] {
  const [year = 0, month = 1] = monthOf(from).split('-').map(Number)
  return Array.from({ length: count }, (_, back) => {
    const index = year * 12 + (month - 1) - back
    return `${Math.floor(index / 12)}-${String((index % 12) + 1).padStart(2, '0')}`
  })
}

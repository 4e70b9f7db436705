// Days and times as people say them. A record's day is a civil day in China, whatever the phone's own zone is.

import { phoneWords as w } from '@/words/phone'

const CHINA = 8 * 3_600_000
const DAY = 86_400_000

interface Civil {
  y: number
  m: number
  d: number
  weekday: number
  minutes: number
}

export function civil(at: number): Civil {
  const shifted = new Date(at + CHINA)
  return {
    y: shifted.getUTCFullYear(),
    m: shifted.getUTCMonth() + 1,
    d: shifted.getUTCDate(),
    weekday: shifted.getUTCDay(),
    minutes: shifted.getUTCHours() * 60 + shifted.getUTCMinutes(),
  }
}

const two = (n: number) => String(n).padStart(2, '0')

/** `09:05`. */
export function clock(at: number): string {
  const { minutes } = civil(at)
  return `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`
}

/** `2026-11-22`, as date fields and the domain write it. */
export function isoDay(at: number): string {
  const { y, m, d } = civil(at)
  return `${y}-${two(m)}-${two(d)}`
}

/** The instant of a civil day and time; `null` where either is no such thing. */
export function instant(day: string, time: string): number | null {
  const at = Date.parse(`${day}T${time}:00+08:00`)
  return Number.isNaN(at) ? null : at
}

/** `11月22日 09:05`, with the year where it is not this one. */
export function dayAndTime(at: number, now = Date.now()): string {
  return `${dayName(at, now)} ${clock(at)}`
}

export function dayName(at: number, now = Date.now()): string {
  const { y, m, d } = civil(at)
  return y === civil(now).y ? w.dayShort(m, d) : w.day(y, m, d)
}

/** `今天 09:05`, for what lies close. */
export function recently(at: number, now = Date.now()): string {
  const day = isoDay(at)
  if (day === isoDay(now)) return `${w.today} ${clock(at)}`
  if (day === isoDay(now - DAY)) return `${w.yesterday} ${clock(at)}`
  return dayAndTime(at, now)
}

/** Names the month of an instant and sorts with it. */
export function monthKey(at: number): string {
  return isoDay(at).slice(0, 7)
}

/** The same day number of this month, at a time of day. */
export function dayOfMonth(day: number, time: string, now = Date.now()): number {
  const { y, m } = civil(now)
  return instant(`${y}-${two(m)}-${two(day)}`, time) ?? now
}

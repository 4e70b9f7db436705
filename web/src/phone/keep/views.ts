// What the first screen showed last time, to be painted again before the core is up.

import type { ActivityLine, Me } from '@/core/api'
import { read, remove, write } from './database'

/** A line of the list, and whether its status is a word of this phone that has no receipt. */
export type MonthLine = ActivityLine & { unsaid: boolean }

/** The list of months as it was last seen. */
export interface SeenMonths {
  me: Me
  lines: MonthLine[]
}

/** Raised when what is kept changes its shape: older ones are then not painted. */
const SHAPE = 2
const KEY = 'months'

export async function seenMonths(): Promise<SeenMonths | undefined> {
  const kept = await read<{ shape: number; seen: SeenMonths }>('views', KEY).catch(() => undefined)
  return kept?.shape === SHAPE ? kept.seen : undefined
}

/** Never stops anybody: a list that could not be kept is only painted later next time. */
export const keepMonths = (seen: SeenMonths): Promise<void> =>
  write('views', KEY, { shape: SHAPE, seen }).catch(() => undefined)

export const forgetMonths = (): Promise<void> => remove('views', KEY).catch(() => undefined)

/** The step in which somebody is typing, to come back to it after the app was killed. */
let place: string | null = null

/** Called at each key; written once. */
export async function keepPlace(path: string): Promise<void> {
  if (place === path) return
  place = path
  await write('views', 'place', path).catch(() => {
    place = null
  })
}

export async function forgetPlace(): Promise<void> {
  place = null
  await remove('views', 'place').catch(() => undefined)
}

export const lastPlace = (): Promise<string | undefined> => read<string>('views', 'place').catch(() => undefined)

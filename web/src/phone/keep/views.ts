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

/** Where somebody is typing, to come back to it after the app was killed; and how often it was come back to for nothing. */
interface Place {
  path: string
  tries: number
}

let place: string | null = null

/** Called at each key, and where half-typed words were found again; written once. */
export async function keepPlace(path: string): Promise<void> {
  if (place === path) return
  place = path
  await write('views', 'place', { path, tries: 0 } satisfies Place).catch(() => {
    place = null
  })
}

export async function forgetPlace(): Promise<void> {
  place = null
  await remove('views', 'place').catch(() => undefined)
}

/** A record that is gone takes its fields with it: nobody is led there for ever. */
const TRIES = 3

/** Where to go back to, if anywhere. */
export async function lastPlace(): Promise<string | undefined> {
  const last = await read<Place>('views', 'place').catch(() => undefined)
  if (last === undefined || last.tries >= TRIES) return undefined
  await write('views', 'place', { ...last, tries: last.tries + 1 }).catch(() => undefined)
  return last.path
}

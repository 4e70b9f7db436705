// What crosses between the page and the worker.

import type { Core, SyncReport } from './api'
import type { Fault } from './faults'
import type { RecordId } from './generated'

/** Questions: asked again without harm after the worker was started anew. */
export const READS = [
  'me', 'status', 'listActivities', 'showActivity', 'slotHistory', 'quorum', 'rollCall', 'listRoster', 'ledgers', 'book', 'refused',
  'waiting', 'heldYears', 'newActivity', 'pointsRecord', 'rosterRecord', 'newId',
] as const

/** Deeds: whether one was done before the worker fell can only be seen by looking. */
export const WRITES = ['enrol', 'execute', 'resend', 'correct', 'dismiss', 'markRefusedSeen', 'wantYear', 'rebuild'] as const

export type Read = (typeof READS)[number]
export type Write = (typeof WRITES)[number]
/** What the worker does beside. */
export type Chore = 'start' | 'claim' | 'release' | 'sync' | 'attachPhoto' | 'photo' | 'exportUnsent'
export type Method = Read | Write | Chore

export interface Call {
  id: number
  method: Method
  args: unknown[]
}

export type Reply =
  | { id: number; value: unknown; memory: number }
  | { id: number; fault: Fault; memory: number }

/** What the worker tells unasked. */
export type Notice =
  | { notice: 'changed'; what: RecordId[] | null }
  /** The instance is of no more use: the database was taken away, or the code fell over. */
  | { notice: 'gone'; why: string }

export type FromWorker = Reply | Notice

/** What a call of the worker answers. */
export type Answer<M extends Method> =
  M extends 'sync' ? SyncReport
  : M extends 'start' | 'claim' | 'release' ? void
  : M extends keyof Core ? Core[M] extends (...args: never[]) => Promise<infer V> ? V : never
  : never

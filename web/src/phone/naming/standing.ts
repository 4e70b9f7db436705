// The words of truth: where a record stands, and never more than this phone knows.

import type { RecordId, Status, WaitingLine } from '@/core/api'
import { phoneWords as w } from '@/words/phone'
import { recordWords } from '@/words/record'

export type Tone = 'plain' | 'good' | 'look'

export interface Badge {
  text: string
  tone: Tone
}

interface Stand {
  status: Status
  /** Changes of it without a receipt. */
  waiting: number
  /** Whether its status is among them. */
  unsaid: boolean
  /** Photos of it that the server does not hold whole; the list of months does not know. */
  photos?: number
}

/** Whether a record's status is a word of this phone that has no receipt; other changes may wait beside it or without it. */
export function isUnsaid(record: RecordId, status: Status, waiting: readonly WaitingLine[]): boolean {
  return waiting.some((line) => line.record === record && line.written.some(({ value }) =>
    value !== null && typeof value === 'object' && 'supersedes' in value && value.verb === status))
}

/** What the record is. A word that this phone said itself and that has no receipt is not yet said to anybody. */
export function statusBadge({ status, unsaid }: Omit<Stand, 'waiting'>): Badge {
  if (unsaid && status === 'submitted') return { text: w.truth.submittedHere, tone: 'plain' }
  if (unsaid && status === 'voided') return { text: w.truth.voidedHere, tone: 'plain' }
  const tone: Tone = status === 'filed' ? 'good' : status === 'returned' || status === 'redo_required' ? 'look' : 'plain'
  return { text: recordWords.status[status], tone }
}

/** Where what was written is. */
export function placeBadge({ status, waiting, photos = 0 }: Omit<Stand, 'unsaid'>): Badge {
  if (waiting === 0 && photos > 0) return { text: w.truth.photos(photos), tone: 'plain' }
  if (waiting === 0) return { text: w.truth.uploaded, tone: 'good' }
  if (status === 'filed') return { text: w.truth.amendedHere, tone: 'plain' }
  return { text: w.truth.waiting(waiting), tone: 'plain' }
}

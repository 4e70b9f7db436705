// The words of truth: where a record stands, and never more than this phone knows.

import type { Status } from '@/core/api'
import { phoneWords as w } from '@/words/phone'
import { recordWords } from '@/words/record'

export type Tone = 'plain' | 'good' | 'look'

export interface Badge {
  text: string
  tone: Tone
}

interface Stand {
  status: Status
  waiting: number
  /** Photos of it that the server does not hold whole; the list of months does not know. */
  photos?: number
}

/** What the record is. A word that this phone said itself and that has no receipt is not yet said to anybody. */
export function statusBadge({ status, waiting }: Stand): Badge {
  if (waiting > 0 && status === 'submitted') return { text: w.truth.submittedHere, tone: 'plain' }
  if (waiting > 0 && status === 'voided') return { text: w.truth.voidedHere, tone: 'plain' }
  const tone: Tone = status === 'filed' ? 'good' : status === 'returned' || status === 'redo_required' ? 'look' : 'plain'
  return { text: recordWords.status[status], tone }
}

/** Where what was written is. */
export function placeBadge({ status, waiting, photos = 0 }: Stand): Badge {
  if (waiting === 0 && photos > 0) return { text: w.truth.photos(photos), tone: 'plain' }
  if (waiting === 0) return { text: w.truth.uploaded, tone: 'good' }
  if (status === 'filed') return { text: w.truth.amendedHere, tone: 'plain' }
  return { text: w.truth.waiting(waiting), tone: 'plain' }
}

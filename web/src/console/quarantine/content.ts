/** What a refused change would have done, edit by edit, in words. */
import { t } from '@/words/console.ts'
import type { EditRow, QuarantineItem, QuarantineRow } from '../api/types.ts'
import { moment } from '../parts/when.ts'
import { slotName, slotValue } from '../record/slots.ts'
import { session } from '../session/session.ts'

export function editWords(edit: EditRow): string {
  switch (edit.edit) {
    case 'set':
      return edit.value === null
        ? t.quarantine.erase(slotName(edit.slot))
        : t.quarantine.set(slotName(edit.slot), slotValue(edit.slot, edit.value))
    case 'text':
      return t.quarantine.text(slotName(edit.slot), edit.inserted, edit.deleted)
    case 'strange':
      return t.quarantine.strange(edit.place)
  }
}

/** A record by its kind and its org; of an org that the caller does not see there is no name. */
export function recordWords(kind: QuarantineItem['content']['changes'][number]['kind'], org: string): string {
  return [t.recordKind[kind], org].filter(Boolean).join(' · ')
}

/** How it ended and when. The server says by whom only with an id, which is a name to nobody but its owner. */
export function endWords(row: QuarantineRow): string {
  const end = row.resolution
  if (!end) return t.quarantine.waiting
  const own = end.by === session.me?.id ? session.me?.name : ''
  return [t.quarantine.how[end.how], own, moment(end.at)].filter(Boolean).join('，')
}

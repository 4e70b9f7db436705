/** What a refused change would have done, edit by edit, in words. */
import { t } from '@/words/console.ts'
import type { EditRow } from '../api/types.ts'
import { slotName, slotValue } from '../record/slots.ts'

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

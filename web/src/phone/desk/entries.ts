// Entries of a record that are being added: each has its id before it has words, so that a draft can belong to it.

import { computed, onMounted, ref } from 'vue'
import { draftKeys } from '@/phone/keep/drafts'
import type { OpenActivity } from './activity'
import { core, report } from './session'

export function useEntries(activity: OpenActivity, container: string, held: () => string[]) {
  const fresh = ref<string[]>([])
  const ids = computed(() => [...held(), ...fresh.value.filter((id) => !held().includes(id))])

  async function add(): Promise<string | null> {
    const id = await core().newId().catch(report)
    if (!id) return null
    fresh.value.push(id)
    return id
  }

  // Words that were typed into a new entry before the app was killed bring the entry back.
  onMounted(async () => {
    const prefix = `${activity.id}/${container}.`
    for (const key of await draftKeys().catch(() => [])) {
      const id = key.startsWith(prefix) ? key.slice(prefix.length).split('.')[0] : undefined
      if (id !== undefined && !ids.value.includes(id)) fresh.value.push(id)
    }
  })

  return { ids, add }
}

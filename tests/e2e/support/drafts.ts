// What is half typed, as it lies on the disk of a phone that dies.
import { expect } from './world.ts'
import { PLANNED, visit } from './enrol.ts'
import type { Phone } from './phone.ts'

/** From here on no draft leaves the disk, as if the phone died between saving and letting go of it. */
export async function keepsEveryDraft(phone: Phone): Promise<void> {
  await phone.page.evaluate(() => {
    const kept = new Set(['drafts', 'views'])
    const remove = IDBObjectStore.prototype.delete
    IDBObjectStore.prototype.delete = function (key) {
      return kept.has(this.name) ? (this.count() as unknown as IDBRequest<undefined>) : remove.call(this, key)
    }
  })
}

/** From here on only the first draft reaches the disk, and stays, as if the phone died right after it was written. */
export async function keepsTheFirstDraft(phone: Phone): Promise<void> {
  await keepsEveryDraft(phone)
  await phone.page.evaluate(() => {
    const put = IDBObjectStore.prototype.put
    let written = 0
    IDBObjectStore.prototype.put = function (value, key) {
      if (this.name === 'drafts' && ++written > 1) return this.count() as IDBRequest<IDBValidKey>
      return put.call(this, value, key)
    }
  })
}

/** The battery fell out; opened again, the phone goes where it left off. */
export async function diesAndOpens(phone: Phone, there: RegExp): Promise<void> {
  await phone.kill()
  await phone.open()
  await phone.page.waitForURL(there)
}

/** Nothing half typed is left, and the app begins where it begins. */
export async function staysOnTheList(phone: Phone): Promise<void> {
  await expect.poll(() => drafts(phone)).toBe(0)
  await visit(phone, '/')
  await phone.page.getByRole('link', { name: PLANNED }).first().waitFor()
  expect(new URL(phone.page.url()).pathname).toBe('/')
}

/** How many drafts lie on the disk. */
export function drafts(phone: Phone): Promise<number> {
  return phone.page.evaluate(() => new Promise<number>((resolve, reject) => {
    const opening = indexedDB.open('zhibu-page')
    opening.onerror = () => reject(opening.error ?? new Error('not opened'))
    opening.onsuccess = () => {
      const counting = opening.result.transaction('drafts').objectStore('drafts').count()
      counting.onsuccess = () => {
        opening.result.close()
        resolve(counting.result)
      }
    }
  }))
}

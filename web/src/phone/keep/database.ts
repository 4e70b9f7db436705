// What the page itself keeps, apart from the core's store: half-typed words, the list to paint before the core is up,
// and where the person was. Nothing in here is a record; losing it loses no saved work. But it is what records say, so
// it lies sealed on the disk like them, each value bound to its store and key.

import { end } from '@/core/idb'
import { makeSealKey, type Seal, sealWith } from '@/core/seal'

const NAME = 'zhibu-page'
/** The first version kept its values unsealed: they are dropped. */
const VERSION = 2
const KEYS = 'keys'
const STORES = ['drafts', 'views'] as const

/** The stores of the page. */
export type StoreName = (typeof STORES)[number]

interface Opened {
  database: IDBDatabase
  /** Fetched beside the first value, not before it: the first paint waits for both. */
  seal: Promise<Seal>
}

let opening: Promise<Opened> | null = null

function open(): Promise<Opened> {
  opening ??= new Promise<Opened>((resolve, reject) => {
    const request = indexedDB.open(NAME, VERSION)
    request.onupgradeneeded = () => {
      for (const old of [...request.result.objectStoreNames]) request.result.deleteObjectStore(old)
      for (const store of [...STORES, KEYS]) request.result.createObjectStore(store)
    }
    request.onblocked = () => reject(new Error('blocked by an older window'))
    request.onerror = () => reject(request.error ?? new Error('not opened'))
    request.onsuccess = () => {
      const database = request.result
      // Another window wants to renew or delete it: let go, and open again at the next call.
      database.onversionchange = () => {
        database.close()
        opening = null
      }
      database.onclose = () => {
        opening = null
      }
      const seal = openSeal(database)
      // Without its key it is of no use: the next call tries anew.
      seal.catch(() => {
        database.close()
        opening = null
      })
      resolve({ database, seal })
    }
  }).catch((fault: unknown) => {
    opening = null
    throw fault
  })
  return opening
}

async function openSeal(database: IDBDatabase): Promise<Seal> {
  const kept = await act<CryptoKey | undefined>(database, KEYS, 'readonly', (s) => s.get('seal') as IDBRequest<CryptoKey | undefined>)
  if (kept !== undefined) return sealWith(kept)
  const made = await makeSealKey()
  // Whoever comes first wins: two windows may open a new database at once.
  await act(database, KEYS, 'readwrite', (s) => s.add(made, 'seal')).catch(() => undefined)
  return sealWith((await act(database, KEYS, 'readonly', (s) => s.get('seal') as IDBRequest<CryptoKey>)))
}

async function act<T>(
  database: IDBDatabase,
  store: string,
  mode: IDBTransactionMode,
  work: (store: IDBObjectStore) => IDBRequest<T>,
): Promise<T> {
  // Strict: a half-written page of minutes must survive a battery that falls out.
  const transaction = database.transaction(store, mode, mode === 'readonly' ? {} : { durability: 'strict' })
  const request = work(transaction.objectStore(store))
  await end(transaction)
  return request.result
}

const place = (store: StoreName, key: string): string => `${store}/${key}`

/** What is kept there. What cannot be opened any more counts as not kept. */
export async function read<T>(store: StoreName, key: string): Promise<T | undefined> {
  const { database, seal } = await open()
  const [sealed, { open: unseal }] = await Promise.all([
    act(database, store, 'readonly', (s) => s.get(key) as IDBRequest<ArrayBuffer | undefined>),
    seal,
  ])
  if (sealed === undefined) return undefined
  return unseal(sealed, place(store, key)).then((bytes) => JSON.parse(new TextDecoder().decode(bytes)) as T, () => undefined)
}

let last: Promise<unknown> = Promise.resolve()

/** One change after the other: what is sealed takes its time, and must not overtake a removal that came later. */
function inOrder<T>(change: () => Promise<T>): Promise<T> {
  const done = last.then(change)
  last = done.catch(() => undefined)
  return done
}

/** Resolves when it is on the disk. */
export const write = (store: StoreName, key: string, value: unknown): Promise<void> => {
  const bytes = new TextEncoder().encode(JSON.stringify(value))
  return inOrder(async () => {
    const { database, seal } = await open()
    const sealed = await (await seal).seal(bytes, place(store, key))
    await act(database, store, 'readwrite', (s) => s.put(sealed, key))
  })
}

export const remove = (store: StoreName, key: string): Promise<void> =>
  inOrder(async () => act((await open()).database, store, 'readwrite', (s) => s.delete(key)))

export const keys = async (store: StoreName): Promise<string[]> =>
  (await act((await open()).database, store, 'readonly', (s) => s.getAllKeys())).map(String)

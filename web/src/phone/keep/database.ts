// What the page itself keeps, apart from the core's store: half-typed words, the list to paint before the core is up,
// and where the person was. Nothing in here is a record; losing it loses no saved work.

const NAME = 'zhibu-page'
const VERSION = 1

/** The stores of the page. */
export type StoreName = 'drafts' | 'views'

let opening: Promise<IDBDatabase> | null = null

function open(): Promise<IDBDatabase> {
  opening ??= new Promise<IDBDatabase>((resolve, reject) => {
    const request = indexedDB.open(NAME, VERSION)
    request.onupgradeneeded = () => {
      for (const store of ['drafts', 'views']) request.result.createObjectStore(store)
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
      resolve(database)
    }
  }).catch((fault: unknown) => {
    opening = null
    throw fault
  })
  return opening
}

async function act<T>(
  store: StoreName,
  mode: IDBTransactionMode,
  work: (store: IDBObjectStore) => IDBRequest<T>,
): Promise<T> {
  const database = await open()
  return new Promise<T>((resolve, reject) => {
    const transaction = database.transaction(store, mode)
    const request = work(transaction.objectStore(store))
    // A full disk shows up as an abort without an error on any request: every way out must settle.
    transaction.onabort = () => reject(transaction.error ?? request.error ?? new Error('aborted'))
    transaction.oncomplete = () => resolve(request.result)
  })
}

export const read = <T>(store: StoreName, key: string): Promise<T | undefined> =>
  act(store, 'readonly', (s) => s.get(key) as IDBRequest<T | undefined>)

export const write = (store: StoreName, key: string, value: unknown): Promise<void> =>
  act(store, 'readwrite', (s) => s.put(value, key)).then(() => undefined)

export const remove = (store: StoreName, key: string): Promise<void> =>
  act(store, 'readwrite', (s) => s.delete(key)).then(() => undefined)

export const keys = (store: StoreName): Promise<string[]> =>
  act(store, 'readonly', (s) => s.getAllKeys()).then((all) => all.map(String))

// The phone's database: rows by table and key, sealed. What the tables mean stands in
// sync-client/src/store/indexed_db.rs; here is how they are read and written.
//
// A transaction lives in one turn: everything that takes time (sealing, opening) happens before it begins or after it
// has ended. IndexedDB would otherwise close it in between.

import { end, named } from './idb'
import { type Keys, openKeys } from './keys'

/** Raised with each change of the tables below; an older version's tables are only ever added to. */
const VERSION = 2

/** Tables and what is looked for in them beside the key. `phone` also holds `meta`: the revision and the writer. */
const TABLES: { name: string; since?: number; counted?: true; indexes?: Record<string, IDBIndexParameters> }[] = [
  { name: 'phone' },
  { name: 'keys' },
  { name: 'authors' },
  { name: 'records' },
  { name: 'accepted', counted: true, indexes: { record: {}, shelf: {}, hash: { multiEntry: true } } },
  { name: 'pending' },
  { name: 'refused' },
  { name: 'marks' },
  { name: 'envelopes' },
  { name: 'carried' },
  { name: 'blobs' },
  { name: 'blob_bytes' },
  { name: 'vouchers', since: 2 },
]

/** How long an older window may take to let go of the database. */
const BLOCKED_MS = 3000

interface Meta {
  /** Acts committed. */
  revision: number
  /** Grows each time a window becomes the writer: the one before is fenced out by it. */
  writer: number
}

interface Sealed {
  row: ArrayBuffer
  hash?: string[]
}

type Ask = [table: string, index: string | null, key: IDBValidKey | null, keysOnly: boolean]
type Put = [table: string, key: IDBValidKey | null, bytes: Uint8Array<ArrayBuffer> | null, columns: Record<string, unknown>]
type Found = [key: IDBValidKey, bytes: Uint8Array<ArrayBuffer> | null]

/** One open database. */
export class Shelf {
  /** Set once the browser has taken the connection away; nothing here works from then on. */
  private gone = false
  /** The writer's number while this window is the writer. */
  private writer: number | null = null

  private constructor(
    private readonly database: IDBDatabase,
    readonly keys: Keys,
    onGone: () => void,
  ) {
    const leave = () => {
      if (this.gone) return
      this.gone = true
      database.close()
      onGone()
    }
    database.onversionchange = leave
    database.onclose = leave
  }

  /** Opens it, or makes a new one. `onGone` hears when the browser, or a newer version, takes it away. */
  static async open(name: string, onGone: () => void): Promise<Shelf> {
    const database = await openDatabase(name)
    try {
      return new Shelf(database, await openKeys(database), onGone)
    } catch (error) {
      database.close()
      throw error
    }
  }

  /** Lets go of the database. */
  close(): void {
    this.gone = true
    this.database.close()
  }

  /** Becomes the writer, durably; whoever was it before is fenced out. */
  async claim(): Promise<void> {
    const transaction = this.begin(['phone'], 'readwrite')
    const phone = transaction.objectStore('phone')
    let writer = 0
    const read: IDBRequest<Meta> = phone.get('meta')
    read.onsuccess = () => {
      writer = read.result.writer + 1
      phone.put({ ...read.result, writer }, 'meta')
    }
    await end(transaction)
    this.writer = writer
  }

  /** Is no longer the writer. */
  release(): void {
    this.writer = null
  }

  /** All these rows as they stand in one transaction, behind its revision. */
  async look(asks: Ask[]): Promise<unknown[]> {
    const transaction = this.begin(['phone', ...asks.map(([table]) => table)], 'readonly')
    const meta: IDBRequest<Meta> = transaction.objectStore('phone').get('meta')
    const requests = asks.map(([table, index, key, keysOnly]) => {
      const store = transaction.objectStore(table)
      const source = index === null ? store : store.index(index)
      return { table, keys: source.getAllKeys(key), rows: keysOnly ? null : source.getAll(key) }
    })
    await end(transaction)
    const found = requests.map(({ table, keys, rows }) =>
      Promise.all(keys.result.map(async (key, place): Promise<Found> => {
        const row = rows?.result[place] as Sealed | undefined
        return [key, row === undefined ? null : await this.keys.open(row.row, binding(table, key, row.hash))]
      })),
    )
    return [meta.result.revision, ...(await Promise.all(found))]
  }

  /** Puts and takes away these rows, durably and all at once, at this very revision and only as the writer. */
  async write(basedOn: number, puts: Put[]): Promise<void> {
    const sealed = await Promise.all(puts.map(async ([table, key, bytes, columns]) => {
      if (bytes === null) return { table, key, value: null }
      const hash = columns['hash'] as string[] | undefined
      return { table, key, value: { ...columns, row: await this.keys.seal(bytes, binding(table, key, hash)) } }
    }))
    const transaction = this.begin(['phone', ...puts.map(([table]) => table)], 'readwrite')
    let reason: unknown
    const refuse = (why: unknown) => {
      reason = why
      transaction.abort()
    }
    const phone = transaction.objectStore('phone')
    const read: IDBRequest<Meta> = phone.get('meta')
    read.onsuccess = () => {
      const { revision, writer } = read.result
      if (writer !== this.writer) return refuse(named('Fenced'))
      if (revision !== basedOn) return refuse(named('Raced'))
      try {
        for (const { table, key, value } of sealed) {
          const store = transaction.objectStore(table)
          if (value === null) store.delete(key ?? [])
          else if (key === null) store.add(value)
          else store.put(value, key)
        }
        phone.put({ revision: revision + 1, writer } satisfies Meta, 'meta')
      } catch (error) {
        refuse(error)
      }
    }
    await end(transaction).catch((error: unknown) => Promise.reject(reason ?? error))
  }

  private begin(tables: string[], mode: IDBTransactionMode): IDBTransaction {
    if (this.gone) throw named('Gone', 'the database was taken away')
    // Strict: "saved on this phone" must survive a battery that falls out.
    return this.database.transaction([...new Set(tables)], mode, mode === 'readonly' ? {} : { durability: 'strict' })
  }
}

/** What a row's seal is bound to: its place. Counted rows are bound to the change that they begin with. */
function binding(table: string, key: IDBValidKey | null, hash: string[] | undefined): string {
  const name = hash?.[0] ?? (Array.isArray(key) ? key.join('/') : key)
  return `${table}/${String(name)}`
}

function openDatabase(name: string): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(name, VERSION)
    let late = false
    request.onupgradeneeded = (event) => upgrade(request, event.oldVersion)
    request.onblocked = () => setTimeout(() => {
      late = true
      reject(named('Busy', 'an older window holds the database'))
    }, BLOCKED_MS)
    request.onerror = () => reject(request.error ?? named('Failed', 'the database does not open'))
    request.onsuccess = () => (late ? request.result.close() : resolve(request.result))
  })
}

function upgrade(request: IDBOpenDBRequest, from: number): void {
  for (const { name, since = 1, counted, indexes } of TABLES) {
    if (from >= since) continue
    const store = request.result.createObjectStore(name, counted === true ? { autoIncrement: true } : {})
    for (const [column, options] of Object.entries(indexes ?? {})) store.createIndex(column, column, options)
  }
  if (from === 0) request.transaction?.objectStore('phone').put({ revision: 0, writer: 0 } satisfies Meta, 'meta')
}

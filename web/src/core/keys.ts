// The keys of this phone: one that signs for it and one that seals its rows. Both are made here, cannot be taken out,
// and are on disk before anybody uses them. (What this protects against: a copied profile folder read by another
// program. Not against a program that runs as this page.)

import { end } from './idb'
import { makeSealKey, type Seal, sealWith } from './seal'

const TABLE = 'keys'
const P256 = { name: 'ECDSA', namedCurve: 'P-256' } as const

type Algorithm = 'ed25519' | 'es256'

interface DevicePair {
  algorithm: Algorithm
  publicKey: Uint8Array<ArrayBuffer>
  privateKey: CryptoKey
}

/** The device's key, as the Rust side uses it. */
export interface KeyPair {
  readonly algorithm: Algorithm
  readonly publicKey: Uint8Array<ArrayBuffer>
  sign(message: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>>
}

/** What the keys are good for. */
export interface Keys extends Seal {
  readonly device: KeyPair
}

/** The keys of a database; a new one gets new ones. */
export async function openKeys(database: IDBDatabase): Promise<Keys> {
  const reading = database.transaction([TABLE], 'readonly')
  const wanted = [reading.objectStore(TABLE).get('seal'), reading.objectStore(TABLE).get('device')] as const
  await end(reading)
  let seal = wanted[0].result as CryptoKey | undefined
  let pair = wanted[1].result as DevicePair | undefined
  if (seal === undefined || pair === undefined) {
    [seal, pair] = await keep(database, await makeSealKey(), await makePair())
  }
  return bind(seal, pair)
}

/** Whoever comes first wins: two windows may open a new database at once. */
async function keep(database: IDBDatabase, seal: CryptoKey, pair: DevicePair): Promise<[CryptoKey, DevicePair]> {
  const writing = database.transaction([TABLE], 'readwrite', { durability: 'strict' })
  const store = writing.objectStore(TABLE)
  let kept: [CryptoKey, DevicePair] = [seal, pair]
  const before = [store.get('seal'), store.get('device')] as const
  before[1].onsuccess = () => {
    kept = [(before[0].result as CryptoKey | undefined) ?? seal, (before[1].result as DevicePair | undefined) ?? pair]
    store.put(kept[0], 'seal')
    store.put(kept[1], 'device')
  }
  await end(writing)
  return kept
}

/** Ed25519 where the browser has it (Chrome 137, Safari 17), else ECDSA on P-256. */
async function makePair(): Promise<DevicePair> {
  const make = async (algorithm: Algorithm, how: AlgorithmIdentifier | EcKeyGenParams): Promise<DevicePair> => {
    const pair = (await crypto.subtle.generateKey(how, false, ['sign', 'verify'])) as CryptoKeyPair
    const publicKey = new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey))
    return { algorithm, publicKey, privateKey: pair.privateKey }
  }
  return make('ed25519', { name: 'Ed25519' }).catch(() => make('es256', P256))
}

function bind(key: CryptoKey, pair: DevicePair): Keys {
  const how = pair.algorithm === 'ed25519' ? { name: 'Ed25519' } : { name: 'ECDSA', hash: 'SHA-256' }
  return {
    ...sealWith(key),
    device: {
      algorithm: pair.algorithm,
      publicKey: pair.publicKey,
      sign: async (message) => new Uint8Array(await crypto.subtle.sign(how, pair.privateKey, message)),
    },
  }
}

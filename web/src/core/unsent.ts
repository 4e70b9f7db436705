// Unsent work as a file: signed envelopes one behind another (a CBOR sequence), as they would have travelled. Whoever
// gets the file can deliver it (`zhibu carry FILE`), and nobody can change it.

import type { Me } from './generated'

/** The file, empty when nothing is unsent. */
export function unsentFile(me: Me | null, envelopes: Uint8Array[]): { name: string; bytes: Uint8Array<ArrayBuffer> } {
  const bytes = new Uint8Array(envelopes.reduce((sum, one) => sum + one.length, 0))
  envelopes.reduce((at, one) => (bytes.set(one, at), at + one.length), 0)
  const day = new Date(Date.now() + 8 * 3_600_000).toISOString().slice(0, 10)
  return { name: `支部簿-未上传-${me?.name ?? '本机'}-${day}.zhibu`, bytes }
}

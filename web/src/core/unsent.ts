// Unsent work as a file: signed envelopes one behind another, as they would have travelled. Whoever gets the file can
// deliver it (`zhibu carry FILE`), and nobody can change it.

import type { Me } from './generated'

/** What the file is called: whose it is, and its day in China. */
export function unsentName(me: Me | null): string {
  const day = new Date(Date.now() + 8 * 3_600_000).toISOString().slice(0, 10)
  return `支部簿-未上传-${me?.name ?? '本机'}-${day}.zhibu`
}

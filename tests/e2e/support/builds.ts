// Another build of the pages, as an update brings it.
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { DIST } from './places.ts'

/** The same build with another mark on its page, as an update brings it. */
export function newerBuild(): string {
  const folder = mkdtempSync(join(tmpdir(), 'zhibu-newer-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  cpSync(DIST, folder, { recursive: true })
  const page = join(folder, 'index.html')
  writeFileSync(page, readFileSync(page, 'utf8').replace('<html ', '<html data-build="newer" '))
  const worker = join(folder, 'sw.js')
  const renewed = readFileSync(worker, 'utf8').replaceAll(/\{[^{}]*index\.html[^{}]*\}/g, (entry) => entry.replace(/[0-9a-f]{32}/, 'f'.repeat(32)))
  writeFileSync(worker, renewed)
  for (const stale of [page, worker]) rmSync(`${stale}.br`, { force: true })
  return folder
}

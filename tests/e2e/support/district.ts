// The small demo district, made once for the whole run; each test gets a copy.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { demandEverything, SERVER } from './places.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    district: string
  }
}

export default function makeDistrict(project: TestProject): () => void {
  demandEverything()
  const folder = mkdtempSync(join(tmpdir(), 'zhibu-district-'))
  const data = join(folder, 'demo')
  execFileSync(SERVER, ['init', '--demo', 'small', '--data', data], { stdio: ['ignore', 'ignore', 'inherit'] })
  project.provide('district', data)
  return () => rmSync(folder, { recursive: true, force: true })
}

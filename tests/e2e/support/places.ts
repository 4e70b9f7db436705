// Where everything is. `cargo xtask test e2e` names the programs; run by hand, the ordinary places are taken.
import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

export const ROOT = new URL('../../../', import.meta.url).pathname

/** The server under test. */
export const SERVER = process.env.ZHIBU_SERVER ?? join(ROOT, 'target/debug/zhibu-server')

/** The command line of a phone. */
export const COMMAND_LINE = process.env.ZHIBU_COMMAND_LINE ?? join(ROOT, 'target/debug/zhibu')

/** The pages that it serves: the built ones, as in the real thing. */
export const DIST = process.env.ZHIBU_DIST ?? join(ROOT, 'web/dist')

export const CHROMIUM = process.env.ZHIBU_CHROMIUM ?? '/usr/bin/chromium'

/** An S3 service for tests; `cargo xtask setup` installs it. */
export const S3S_FS = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'zhibu/tools/bin/s3s-fs')

/** Pictures of every page, for somebody to look at; kept out of git. */
export const PICTURES = join(ROOT, 'tests/screenshots')

/** Fails early, and says what to do, if something is not there. */
export function demandEverything(): void {
  const wanted: [string, string][] = [
    [SERVER, 'cargo build -p zhibu-server'],
    [COMMAND_LINE, 'cargo build -p zhibu-sync-client --bins'],
    [join(DIST, 'index.html'), 'cargo xtask test web'],
    [join(DIST, 'sw.js'), 'cargo xtask test web'],
    [join(DIST, 'console/index.html'), 'cargo xtask test web'],
    [CHROMIUM, 'cargo xtask setup'],
    [S3S_FS, 'cargo xtask setup'],
  ]
  for (const [path, mend] of wanted) {
    if (!existsSync(path)) throw new Error(`no ${path}: run \`${mend}\` first`)
  }
}

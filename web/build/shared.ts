import { fileURLToPath } from 'node:url'
import { readFileSync } from 'node:fs'
import vue from '@vitejs/plugin-vue'
import type { UserConfig } from 'vite'

/** The oldest browsers that run the core: reference types in WebAssembly (Chrome and WebView 96, iOS 15.1). */
const FLOOR = ['chrome96', 'safari15.1']

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url))

/** The version of the whole product, from the one place that holds it. */
export const version = /^version = "(.+)"$/m.exec(readFileSync(path('../../Cargo.toml'), 'utf8'))?.[1] ?? ''

/** What both apps are built with. */
export function shared(): UserConfig {
  return {
    plugins: [vue()],
    resolve: { alias: { '@': path('../src') } },
    define: { __VUE_PROD_TRUSTED_TYPES__: 'true', __VUE_OPTIONS_API__: 'true' },
    worker: { format: 'es' },
    build: {
      target: FLOOR,
      // A data: URL would be inside the bundle for everybody, and fonts and images are not needed at once.
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      reportCompressedSize: false,
    },
  }
}

import { defineConfig, mergeConfig } from 'vite'
import { shared } from './build/shared.ts'

export default defineConfig(
  mergeConfig(shared(), {
    root: 'console',
    base: '/console/',
    publicDir: false,
    build: { outDir: '../dist/console', emptyOutDir: true },
  }),
)

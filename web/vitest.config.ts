import { defineConfig, mergeConfig } from 'vitest/config'
import { shared } from './build/shared.ts'

export default defineConfig(mergeConfig(shared(), { test: { include: ['src/**/*.test.ts'] } }))

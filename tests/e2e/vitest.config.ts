import { defineConfig } from 'vitest/config'

// One after another: each test has a server and up to three browsers of its own, and the figures want a quiet machine.
export default defineConfig({
  test: {
    include: ['**/*.test.ts'],
    globalSetup: './support/district.ts',
    fileParallelism: false,
    testTimeout: 180_000,
    hookTimeout: 60_000,
    disableConsoleIntercept: true,
    reporters: ['verbose'],
  },
})

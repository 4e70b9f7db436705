import pxtorem from 'postcss-pxtorem'
import { defineConfig, mergeConfig } from 'vite'
import { shared } from './build/shared.ts'

export default defineConfig(
  mergeConfig(shared(), {
    root: 'console',
    base: '/console/',
    publicDir: false,
    css: {
      postcss: {
        plugins: [
          // Element Plus writes pixels; in rem its parts grow with the text size that the person chose.
          pxtorem({
            rootValue: 16,
            propList: ['*'],
            minPixelValue: 2,
            mediaQuery: false,
            exclude: (file: string) => !file.includes('element-plus'),
          }),
        ],
      },
    },
    server: { proxy: { '/v1': process.env['ZHIBU_SERVER'] ?? 'http://127.0.0.1:8080' } },
    build: { outDir: '../dist/console', emptyOutDir: true },
  }),
)

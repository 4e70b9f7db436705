import pxToRem from 'postcss-pxtorem'
import { VitePWA } from 'vite-plugin-pwa'
import { defineConfig, mergeConfig } from 'vite'
import { shared, version } from './build/shared.ts'

export default defineConfig(
  mergeConfig(shared(), {
    plugins: [
      VitePWA({
        strategies: 'injectManifest',
        srcDir: 'src/phone',
        filename: 'sw.ts',
        // Asked, never automatic: a reload in the middle of a form would cost somebody's words.
        registerType: 'prompt',
        injectRegister: false,
        manifest: {
          name: '支部簿',
          short_name: '支部簿',
          description: '党支部的活动、到会、记录和积分，没有信号也能记',
          lang: 'zh-CN',
          start_url: '/',
          scope: '/',
          display: 'standalone',
          background_color: '#ffffff',
          theme_color: '#b3261e',
          icons: [
            { src: '/icons/192.png', sizes: '192x192', type: 'image/png' },
            { src: '/icons/512.png', sizes: '512x512', type: 'image/png' },
            { src: '/icons/512-maskable.png', sizes: '512x512', type: 'image/png', purpose: 'maskable' },
          ],
        },
        injectManifest: {
          globPatterns: ['index.html', 'too-old.js', 'assets/**/*.{js,css,wasm,woff2}', 'icons/*.png', '*.webmanifest'],
          maximumFileSizeToCacheInBytes: 4 << 20,
        },
      }),
    ],
    // Vant writes px; here the person's text size scales everything. Our own styles are rem already.
    css: { postcss: { plugins: [pxToRem({ rootValue: 16, propList: ['*'], minPixelValue: 2, exclude: (file: string) => !file.includes('/vant/') })] } },
    define: { __ZHIBU_VERSION__: JSON.stringify(version) },
    build: { outDir: 'dist', emptyOutDir: true },
  }),
)

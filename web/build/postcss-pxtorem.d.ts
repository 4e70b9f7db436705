declare module 'postcss-pxtorem' {
  import type { Plugin } from 'postcss'

  export default function pxToRem(options: {
    rootValue: number
    propList: string[]
    minPixelValue: number
    exclude: (file: string) => boolean
  }): Plugin
}

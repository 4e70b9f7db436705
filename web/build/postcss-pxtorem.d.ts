declare module 'postcss-pxtorem' {
  import type { PluginCreator } from 'postcss'

  interface Options {
    rootValue?: number
    propList?: string[]
    selectorBlackList?: (string | RegExp)[]
    minPixelValue?: number
    mediaQuery?: boolean
    exclude?: string | RegExp | ((file: string) => boolean)
  }

  const pxtorem: PluginCreator<Options>
  export default pxtorem
}

/** The version of the product, put in by the build. */
declare const __ZHIBU_VERSION__: string

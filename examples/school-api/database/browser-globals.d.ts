// The types of sql.js name a few things of the browser, which Node's types do not have. Nothing here uses them.

interface Navigator {
  readonly userAgent: string
}

interface WebGLRenderingContext {
  readonly drawingBufferHeight: number
}

declare namespace WebAssembly {
  type Imports = Record<string, Record<string, unknown>>
  type Exports = Record<string, unknown>
  interface Instance {
    readonly exports: Exports
  }
}

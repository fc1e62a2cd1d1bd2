/** A value as it is written. */
export interface Payload {
  /** What it was written by: `json`, `bytes`, `undefined`, or a serializer's name; with `+deflate` where it is packed. */
  readonly kind: string
  readonly payload: Buffer
  /** What stands before it, where that is written apart from it: the two are read as one. @default nothing */
  readonly lead?: string
}

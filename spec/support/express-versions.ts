import { createRequire } from 'node:module'
import express from 'express'

// The alias has no types of its own: what the specs use of it is the same in both versions.
const express4 = createRequire(__filename)('express4') as typeof express

/** The versions of Express that are supported, for tables. */
export const expressVersions: readonly (readonly [version: string, express: typeof express])[] = [
  ['Express 4', express4],
  ['Express 5', express],
]

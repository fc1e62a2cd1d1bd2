import * as v8 from 'node:v8'
import { isPlainJson } from '../../lib/cache/plain-json'
import { richSerializer } from '../../lib/cache/rich-serializer'
import { compare } from './compare'

/** Prints rates as ratios to the first row of each: JSON, which loses the types. */
async function main(): Promise<void> {
  for (const [size, count] of [
    ['1 KB', 7],
    ['100 KB', 700],
  ] as const) {
    const rows = Array.from({ length: count }, (_, id) => row(id))
    const plain = JSON.parse(JSON.stringify(rows)) as unknown
    const json = JSON.stringify(rows)
    const rich = richSerializer.serialize(rows)
    const structured = v8.serialize(rows)
    await compare(`Writing ${size} of rows with Dates and undefined`, 1, {
      'JSON.stringify': () => Promise.resolve(JSON.stringify(rows)),
      richSerializer: () => Promise.resolve(richSerializer.serialize(rows)),
      'v8.serialize': () => Promise.resolve(v8.serialize(rows)),
    })
    await compare(`Reading them (${String(rich.length)} bytes, JSON ${String(json.length)})`, 1, {
      'JSON.parse': () => Promise.resolve(JSON.parse(json)),
      richSerializer: () => Promise.resolve(richSerializer.deserialize(rich)),
      'v8.deserialize': () => Promise.resolve(v8.deserialize(structured)),
    })
    await compare(`Plain JSON of ${size}`, 1, {
      'JSON.stringify': () => Promise.resolve(JSON.stringify(plain)),
      isPlainJson: () => Promise.resolve(isPlainJson(plain)),
      'JSON.parse': () => Promise.resolve(JSON.parse(json)),
    })
  }
}

function row(id: number): object {
  return {
    id,
    name: `Ada Lovelace ${String(id)}`,
    mail: `ada${String(id)}@example.com`,
    active: id % 2 === 0,
    note: id % 3 === 0 ? 'a note' : undefined,
    created: new Date(1.7e12 + id * 1e6),
    tags: ['a', 'b'],
  }
}

void main()

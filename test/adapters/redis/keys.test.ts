import { readFile } from 'node:fs/promises'
import t from 'tap'
import { createKeys, type Keys } from '../../../src/adapters/redis/keys.ts'
import type { RecordName } from '../../../src/core/ports.ts'

type KindOf<Name> = Name extends `${infer Kind}:${string}` ? Kind : never

// Both are checked by the compiler: a new kind of record or a new key does not compile before it is written here.
const records: { readonly [Kind in KindOf<RecordName>]: readonly [owner: string, name: `${Kind}:${string}`][] } = {
  s: [
    ['<user hash>', 's:<hash>'],
    ['<user hash>', 's:<hash>.<hash>'],
  ],
  h: [['<user hash>', 'h:<hash>']],
  t: [['<user hash>', 't:<provider>']],
  g: [['<user hash>', 'g:<grant>']],
  r: [['<user hash>', 'r:<provider>:<mark>']],
  p: [['<provider session hash>', 'p:<hash>']],
  k: [
    ['gateway', 'k:identity'],
    ['gateway', 'k:names'],
  ],
  m: [['<MCP session hash>', 'm:owner']],
}
const examples: { readonly [Kind in keyof Keys]: readonly Parameters<Keys[Kind]>[] } = {
  record: Object.values(records).flat(),
  index: [['<user hash>']],
  lock: [['<user hash>', '<name>']],
  address: [['<digest>']],
  revocations: [[]],
}

t.test('docs/storage.md lists the keys of the code, all of them and no others', async (t) => {
  const keys = createKeys('<prefix>')
  const made = [
    ...examples.record.map((example) => keys.record(...example)),
    ...examples.index.map((example) => keys.index(...example)),
    ...examples.lock.map((example) => keys.lock(...example)),
    ...examples.address.map((example) => keys.address(...example)),
    ...examples.revocations.map(() => keys.revocations()),
  ]

  const page = await readFile(new URL('../../../docs/storage.md', import.meta.url), 'utf8')
  const listed = Array.from(page.matchAll(/^\| `(<prefix>.*?)` \|/gm), ([, key]) => key)

  t.strictSame(listed.toSorted(), made.toSorted())
})

import { randomBytes } from 'node:crypto'
import t from 'tap'
import { createKeyring } from '../../src/adapters/keyring.ts'
import type { AllRecords } from '../../src/core/ports.ts'
import { type Rotation, rotateKeys } from '../../src/core/rotate-keys.ts'
import { sealRecord } from '../../src/core/sealed-record.ts'

t.test('a record that a gateway writes meanwhile is left as that wrote it', async (t) => {
  const [old, next] = [randomBytes(32), randomBytes(32)]
  const body = sealRecord(createKeyring([old]), 'ada', 's:1', {})
  const record = { state: 'live', version: 1, mark: '', reason: '', body } as const
  const all: AllRecords = {
    async *pages() {
      yield [{ user: 'ada', name: 's:1', record }]
    },
    replaceBody: async () => false,
    close: async () => {},
  }
  const totals: Rotation[] = []

  for await (const so of rotateKeys(all, createKeyring([next, old]))) totals.push(so)

  t.match(totals, [{ resealed: 0, overtaken: 1 }])
})

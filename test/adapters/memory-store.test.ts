import t from 'tap'
import { createMemoryStore } from '../../src/adapters/memory-store.ts'
import { storeContract } from './store-contract.ts'

storeContract(t, async () => {
  let time = 1_800_000_000_000
  const store = createMemoryStore({ now: () => time })
  const advance = async (ms: number) => {
    time += ms
  }
  return { store, other: store, advance }
})

import { randomBytes } from 'node:crypto'
import t from 'tap'
import { underFault } from './support/report.ts'
import { startStage } from './support/stage.ts'

const newKey = () => randomBytes(32).toString('base64')
const [old, next] = [newKey(), newKey()]
const stage = await startStage(t, { config: { encryption_keys: [old] } })
const { replicas } = stage
let restarts = 0

/** A rolling restart with these keys. */
async function rollOut(encryption_keys: readonly string[]): Promise<void> {
  for (const replica of replicas) {
    await replica.stop()
    await replica.start({ encryption_keys })
    restarts += 1
  }
}

t.test('an encryption key is added last and then moved first, under load: nobody is signed out', async (t) => {
  await underFault(t, stage, [{ name: 'encryption keys rotated, six restarts', failures: () => restarts }], {
    cutsIn: false,
    waitMs: 1_000,
    begin: () => rollOut([old, next]),
    meanwhile: () => rollOut([next, old]),
    end: () => undefined,
  })
})

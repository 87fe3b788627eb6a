import t from 'tap'
import { underFault } from './support/report.ts'
import { startStage } from './support/stage.ts'

const stage = await startStage(t, { provider: { timeout: '1s' } })
const { control } = stage
/** Answers that a fault gave, and calls it left open. */
const failures = async () => (await control.log()).requests.filter(({ rule }) => rule?.startsWith('fault_')).length

const faults: readonly [string, Record<string, unknown>][] = [
  ['5xx', { status: 500 }],
  ['429 with Retry-After', { status: 429, headers: { 'retry-after': '2' } }],
  ['a hang past the timeout', { hang: true }],
  ['a lost reply', { truncate: true }],
  ['garbage', { status: 200, body: '<h1>Welcome</h1>' }],
  ['invalid_client', { status: 400, body: { error: 'invalid_client' } }],
]
for (const [name, fault] of faults) {
  t.test(`the provider answers with ${name}: nobody is signed out`, async (t) => {
    await underFault(t, stage, [{ name: `provider: ${name}`, failures }], {
      cutsIn: false,
      begin: () => control.fault({ endpoint: 'token', ...fault }),
      end: () => control.heal(),
    })
  })
}

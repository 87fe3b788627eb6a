import t from 'tap'
import { answerTo, sortsOf } from './support/load.ts'
import { underFault } from './support/report.ts'
import { startStage, tokenLifeMs } from './support/stage.ts'

const stage = await startStage(t, { provider: { timeout: '1s' } })
const { control, replicas } = stage
/** Answers that a fault gave, and calls it left open. */
const failures = async () => (await control.log()).requests.filter(({ rule }) => rule?.startsWith('fault_')).length
const common = { cutsIn: false, waitMs: 1_000 }

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
      ...common,
      begin: () => control.fault({ endpoint: 'token', ...fault }),
      end: () => control.heal(),
    })
  })
}

t.test('replicas start while the provider fails altogether: nobody is signed out', async (t) => {
  await underFault(t, stage, [{ name: 'provider: away at the start', failures }], {
    ...common,
    begin: () => control.fault({ status: 503 }),
    async meanwhile() {
      for (const replica of replicas) {
        await replica.kill()
        await replica.start()
      }
    },
    end: () => control.heal(),
  })
})

t.test('the provider signs with a new key: each replica fetches it once, and nobody is signed out', async (t) => {
  const { jwks } = (await control.log()).counts
  await control.rotateKeys(true)
  await stage.advance(tokenLifeMs / 2)

  const answers = await Promise.all(
    replicas.flatMap((replica) => stage.people.map((person) => answerTo(stage, person, replica))),
  )

  const fetched = (await control.log()).counts.jwks - jwks
  t.comment(`provider: new signing key: ${sortsOf(answers)}, keys fetched ${fetched} times`)
  t.strictSame(sortsOf(answers), ['served'])
  t.ok(fetched > 0 && fetched <= replicas.length, `${fetched} times`)
})

// The last one: after it all tokens are of the same age.
t.test(
  'the provider cannot be reached for ten minutes, until no token is good any more: nobody is signed out',
  async (t) => {
    const refused = () => replicas.reduce((sum, { provider }) => sum + provider.bites(), 0)

    await underFault(t, stage, [{ name: 'provider: away for ten minutes', failures: refused }], {
      ...common,
      begin: () => replicas.map(({ provider }) => provider.cut()),
      async meanwhile() {
        for (let minute = 0; minute < 10; minute++) await stage.advance(tokenLifeMs / 20)
      },
      end: () => replicas.map(({ provider }) => provider.heal()),
    })
  },
)

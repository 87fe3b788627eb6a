import { setTimeout } from 'node:timers/promises'
import { Redis } from 'ioredis'
import t from 'tap'
import { answerTo, sortsOf } from './support/load.ts'
import type { Replica } from './support/replicas.ts'
import { type Person, startStage, tokenLifeMs } from './support/stage.ts'
import { until } from './support/until.ts'

const stage = await startStage(t, { people: 18 })
const { origin, control, replicas, tokenCalls } = stage
const [here, there] = replicas
const waiting = [...stage.people]

/** Somebody whom no other test has met, with a token that has run out. */
async function expired(): Promise<Person> {
  await stage.advance(tokenLifeMs + 1_000)
  return waiting.pop() as Person
}

const ask = (person: Person, replica: Replica) => answerTo(stage, person, replica)

/** As a balancer does: what a dead replica does not answer goes to the next one. */
const askAny = (person: Person, turn: number): ReturnType<typeof ask> => {
  const up = replicas.filter((replica) => replica.isUp())
  const replica = up[turn % up.length] as Replica
  return ask(person, replica).catch((error) => {
    if (replica.isUp()) throw error
    return askAny(person, turn)
  })
}

const signOutEverywhere = ({ browser }: Person) =>
  browser.load(`${origin}/oauth/sign-out`, { method: 'POST', headers: { origin }, form: { everywhere: 'true' } })

const revocations = async () => (await control.log()).counts.revoke

t.test('200 requests at once with an expired token, over three replicas, are one call of the provider', async (t) => {
  const person = await expired()
  const calls = await tokenCalls()

  const answers = await Promise.all(Array.from({ length: 200 }, (_, turn) => askAny(person, turn)))

  const made = (await tokenCalls()) - calls
  t.comment(`200 requests on an expired token: ${made} refresh call, ${sortsOf(answers)}`)
  t.equal(made, 1)
  t.strictSame(sortsOf(answers), ['served'])
  t.equal(new Set(answers.map(({ goodUntil }) => goodUntil)).size, 1, 'all with the same token')
})

t.test('with the replica that refreshes killed in the middle of its call, they are at most two calls', async (t) => {
  const person = await expired()
  const calls = await tokenCalls()
  await control.fault({ endpoint: 'token', delay: '1s', times: 1 })
  const posts = replicas.map(({ provider }) => provider.posts())

  const asked = Promise.all(Array.from({ length: 200 }, (_, turn) => askAny(person, turn)))
  const holder = () => replicas.find(({ provider }, index) => provider.posts() > (posts[index] ?? 0))
  await until('a refresh', () => holder() !== undefined)
  const killed = holder()
  await killed?.kill()
  const answers = await asked
  await killed?.start()

  const made = (await tokenCalls()) - calls
  t.comment(`200 requests, the refreshing replica killed: ${made} refresh calls, ${sortsOf(answers)}`)
  t.equal(made, 2, 'its own, and that of the replica that went on')
  t.strictSame(sortsOf(answers), ['served'])
})

t.test(
  "killed between the provider's answer and the save: the next replica goes on within the grace period",
  async (t) => {
    const person = await expired()
    const calls = await tokenCalls()
    here.provider.set({ kind: 'delay', ms: 300 })

    const lost = ask(person, here).catch(() => undefined)
    await until('the refresh', async () => (await tokenCalls()) > calls)
    // It gets its tokens, and the store never hears of them.
    here.store.set({ kind: 'half-open' })
    await setTimeout(600)
    await here.kill()
    await lost
    const answer = await ask(person, there)
    for (const proxy of [here.store, here.provider]) proxy.heal()
    await here.start()

    const made = (await tokenCalls()) - calls
    t.comment(`killed before the save: ${made} refresh calls, ${answer.kind}`)
    t.ok(here.store.bites() > 0, 'the save was lost')
    t.equal(made, 2)
    t.equal(answer.kind, 'served')
    t.equal((await ask(person, here)).kind, 'served', 'also where it had been killed')
  },
)

t.test('a replica that freezes in the middle of a refresh, and comes back late, overwrites nothing', async (t) => {
  const person = await expired()
  const calls = await tokenCalls()
  here.provider.set({ kind: 'delay', ms: 300 })

  const late = ask(person, here)
  await until('the refresh', async () => (await tokenCalls()) > calls)
  here.freeze()
  const meanwhile = await ask(person, there)
  here.provider.heal()
  here.thaw()
  const answers = [await late, meanwhile, ...(await Promise.all(replicas.map((replica) => ask(person, replica))))]
  const made = (await tokenCalls()) - calls
  const tokens = new Set(answers.map(({ goodUntil }) => goodUntil))
  // Longer than the provider's grace period: only the newest refresh token is good now.
  await stage.advance(tokenLifeMs + 1_000)
  answers.push(...(await Promise.all(replicas.map((replica) => ask(person, replica)))))

  t.comment(`frozen in a refresh: ${made} refresh calls, ${sortsOf(answers)}`)
  t.equal(made, 2)
  t.strictSame(sortsOf(answers), ['served'])
  t.strictSame(tokens, new Set([meanwhile.goodUntil]), 'all with the token of the one that went on')
  t.equal((await tokenCalls()) - calls, made + 1)
})

t.test('tokens that Redis could not take serve from memory, and are saved when it is back', async (t) => {
  // Whatever is sent twice now is refused.
  await control.client('1localexample', { rotation: { grace: '0s' } })
  const commands = new Redis(stage.redis.url)
  const stored = async () => (await commands.mget((await commands.keys('*:t:cognito')).sort())).join()
  const person = await expired()
  const [calls, before] = [await tokenCalls(), await stored()]
  here.provider.set({ kind: 'hold' })

  const asked = ask(person, here)
  await until('the answer', () => here.provider.held() > 0)
  here.store.cut()
  here.provider.heal()
  const first = await asked
  here.store.heal()
  await until('the save', async () => (await stored()) !== before)
  const answers = [first, ...(await Promise.all(replicas.map((replica) => ask(person, replica))))]

  commands.disconnect()
  await control.client('1localexample', { rotation: { grace: '60s' } })
  const made = (await tokenCalls()) - calls
  t.comment(`not saved at once: ${made} refresh call, ${sortsOf(answers)}`)
  t.equal(made, 1)
  t.strictSame(sortsOf(answers), ['served'])
  t.equal(new Set(answers.map(({ goodUntil }) => goodUntil)).size, 1, 'all with the same token')
})

/** Somebody on two devices, whose token has run out. */
async function expiredOnTwo() {
  const person = waiting.pop() as Person
  const device = await stage.signIn(person.name, there)
  await stage.advance(tokenLifeMs + 1_000)
  return { person, device }
}

t.test('signed out everywhere while a refresh is under way: stays out, and what it brought is revoked', async (t) => {
  const { person, device } = await expiredOnTwo()
  const [calls, revoked] = [await tokenCalls(), await revocations()]
  // The answer is on its way; the provider has long given it.
  here.provider.set({ kind: 'delay', ms: 700 })

  const asked = ask(person, here)
  await until('the refresh', async () => (await tokenCalls()) > calls)
  await signOutEverywhere(device)
  const answer = await asked
  here.provider.heal()
  await until('both to be revoked', async () => (await revocations()) - revoked >= 2)
  const later = await Promise.all(replicas.map((replica) => ask(person, replica)))

  const made = (await tokenCalls()) - calls
  t.comment(`signed out during a refresh: ${answer.kind}, then ${sortsOf(later)}; ${made} refresh calls`)
  t.equal(answer.kind, 'sign-out', answer.detail)
  t.strictSame(sortsOf(later), ['sign-out'])
})

t.test('signed out everywhere while a replica that refreshes is cut off from Redis: stays out', async (t) => {
  const { person, device } = await expiredOnTwo()
  const [calls, revoked] = [await tokenCalls(), await revocations()]
  here.provider.set({ kind: 'delay', ms: 500 })

  const asked = ask(person, here)
  await until('the refresh', async () => (await tokenCalls()) > calls)
  here.store.cut()
  await signOutEverywhere(device)
  const [answer, elsewhere] = [await asked, await ask(person, there)]
  here.provider.heal()
  here.store.heal()
  await until('both to be revoked', async () => (await revocations()) - revoked >= 2)
  await until('to be out', async () => (await ask(person, here)).kind === 'sign-out')
  const later = await Promise.all(replicas.map((replica) => ask(person, replica)))

  const made = (await tokenCalls()) - calls
  t.comment(`signed out, cut off from Redis: ${answer.kind}, then ${sortsOf(later)}; ${made} refresh calls`)
  t.ok(here.store.bites() > 0)
  t.equal(elsewhere.kind, 'sign-out')
  t.strictSame(sortsOf(later), ['sign-out'])
})

t.test('step-up, connect, refresh and sign-in on several devices at once: no grant loses a scope', async (t) => {
  const people = waiting.splice(0, 5)
  await stage.advance(tokenLifeMs + 1_000)
  const press = ({ browser }: Person, action: string, form = {}) =>
    browser.load(`${origin}/oauth/connections/${action}`, { method: 'POST', headers: { origin }, form })
  async function connect(device: Person, returnTo: string): Promise<number> {
    const { location = '' } = await press(device, 'crm/connect', { return_to: returnTo })
    return (await device.browser.submitSignIn(await device.browser.open(location), device.name)).status
  }

  const results = await Promise.all(
    people.map(async (person, index) => {
      const device = await stage.signIn(person.name, there)
      const third = replicas[index % 3] ?? here
      const [stepUp, , fresh] = await Promise.all([
        person.browser.signIn(`${origin}/reports`, person.name),
        press(device, 'cognito/refresh'),
        stage.signIn(person.name, third),
        connect(device, '/contacts'),
      ])
      await Promise.all([connect(person, '/figures'), connect(fresh, '/contacts')])
      const pages = await Promise.all(
        [person, device, fresh].flatMap(({ browser }) =>
          ['/tool', '/reports', '/contacts', '/figures'].map((path) => browser.load(origin + path)),
        ),
      )
      return [stepUp, ...pages].map(({ status, location = '' }) => `${status} ${location}`.trim())
    }),
  )

  t.comment(`scopes on three devices: ${results.flat().length} answers, ${[...new Set(results.flat())]}`)
  t.strictSame([...new Set(results.flat())], ['200'])
})

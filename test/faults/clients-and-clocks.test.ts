import { once } from 'node:events'
import { request } from 'node:http'
import { setTimeout } from 'node:timers/promises'
import t from 'tap'
import { type Answer, answerTo, sortsOf } from './support/load.ts'
import type { Replica } from './support/replicas.ts'
import { type Person, startStage, tokenLifeMs } from './support/stage.ts'
import { until } from './support/until.ts'

const stage = await startStage(t)
const { origin, control, replicas, people, tokenCalls } = stage
const at = (index: number) => replicas[index % 3] as Replica

/** Has all people ask at each replica. */
const askAll = () =>
  Promise.all(replicas.flatMap((replica) => people.map((person) => answerTo(stage, person, replica))))

/** Sends a request, and hangs up so much later. Says whether it was answered before. */
async function hangUp({ port }: Replica, path: string, cookie: string, afterMs: number): Promise<boolean> {
  let isAnswered = false
  const headers = { cookie, host: new URL(origin).host }
  const asked = request({ host: '127.0.0.1', port, path, headers, agent: false })
  asked.on('error', () => undefined)
  asked.on('response', () => {
    isAnswered = true
  })
  asked.end()
  await once(asked, 'finish')
  await setTimeout(afterMs)
  asked.destroy()
  return isAnswered
}

t.test('500 clients that hang up during a refresh and during a sign-in: nobody is signed out', async (t) => {
  const cookieOf = ({ browser }: Person) => browser.cookieHeader(origin)
  const devices = people.map(({ name }, index) => ({ name, browser: stage.browserAt(at(index)) }))
  await stage.advance(tokenLifeMs + 1_000)
  const callbacks = await Promise.all(devices.map(({ name, browser }) => browser.callbackOf(`${origin}/tool`, name)))
  const calls = await tokenCalls()
  await control.fault({ endpoint: 'token', delay: '1s' })

  const ends = await Promise.all([
    ...Array.from({ length: 450 }, (_, index) => {
      const person = people[index % people.length] as Person
      return hangUp(at(index), '/tool', cookieOf(person), 20 + (index % 40) * 10)
    }),
    ...devices.map((device, index) => {
      const { pathname, search } = new URL(callbacks[index] ?? '')
      return hangUp(at(index), pathname + search, cookieOf(device), 20 + (index % 40) * 10)
    }),
  ])
  await until('all calls', async () => (await tokenCalls()) - calls >= 2 * people.length)
  await setTimeout(1_100)
  await control.heal()
  const after = sortsOf(await askAll())
  const [made, gone] = [(await tokenCalls()) - calls, ends.filter((isAnswered) => !isAnswered).length]
  const again = await Promise.all(devices.map((device) => device.browser.open(`${origin}/tool`)))

  t.comment(`${gone} of ${ends.length} clients hung up: then ${after}; ${made} calls of the token endpoint`)
  t.equal(gone, 500)
  t.strictSame(after, ['served'])
  t.equal(made, 2 * people.length, 'one refresh and one code of each')
  t.strictSame(
    [...new Set(again.map(({ status }) => status))],
    [200],
    'and who was signing in arrives by loading the page again',
  )
})

for (const seconds of [30, -30]) {
  t.test(`the provider's clock is ${seconds} s ahead: sign-in and refresh work`, async (t) => {
    await stage.skewProvider(seconds * 1000)
    const calls = await tokenCalls()

    const fresh = await Promise.all([0, 1, 2].map((index) => stage.signIn(`person-${index}`, at(index + 1))))
    const steps: string[] = []
    // All tokens become such that the provider gave by this clock, and these grow old in their turn.
    for (const ms of [tokenLifeMs + 1_000, tokenLifeMs / 2, tokenLifeMs / 2 - 20_000, 20_000]) {
      await stage.advance(ms)
      steps.push(...sortsOf(await askAll()))
      // What is refreshed in the background comes to its end by this clock.
      const isFresh = ({ goodUntil }: Answer) => goodUntil > stage.now() + tokenLifeMs / 4
      await until('the ageing tokens to be renewed', async () => (await askAll()).every(isFresh))
    }
    await stage.skewProvider(0)

    const made = (await tokenCalls()) - calls
    t.comment(`provider's clock ${seconds} s ahead: ${[...new Set(steps)]}, ${made} calls of the token endpoint`)
    t.equal(fresh.length, 3)
    t.strictSame([...new Set(steps)], ['served'])
    t.ok(made > people.length, `${made} calls`)
  })
}

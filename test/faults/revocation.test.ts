import t from 'tap'
import { answerTo, sortsOf } from './support/load.ts'
import { type Person, startStage } from './support/stage.ts'
import { until } from './support/until.ts'

const stage = await startStage(t, { people: 45 })
const { origin, replicas } = stage
const [, there] = replicas
/** Those who signed in at another replica, and sign out there. */
const waiting = stage.people.filter((_, index) => index % 3 !== 1)

/** Ten people whom no other test has met, known to all replicas. */
async function tenPeople(): Promise<readonly Person[]> {
  const people = waiting.splice(0, 10)
  // A reading in the background may end later than a sign-out; after two of them nothing is to be read again soon.
  for (const replica of [...replicas, ...replicas])
    await Promise.all(people.map((one) => answerTo(stage, one, replica)))
  return people
}

const signOut = ({ browser }: Person) =>
  browser.load(`${origin}/oauth/sign-out`, { method: 'POST', headers: { origin }, form: {} })

/** What these people meet at the second replica with the cookies they had, each sort once. */
async function met(people: readonly Person[]): Promise<readonly string[]> {
  return sortsOf(await Promise.all(people.map((person) => answerTo(stage, person, there))))
}

/** Signs these people out, and gives them as they were. */
async function signedOut(people: readonly Person[]): Promise<readonly Person[]> {
  const cookies = people.map(({ browser }) => browser.cookieHeader(origin))
  const before = people.map((person, index) => ({
    ...person,
    browser: { ...person.browser, cookieHeader: () => cookies[index] ?? '' },
  }))
  await Promise.all(people.map(signOut))
  return before
}

t.test('a session that ended at one replica is refused by another within a second', async (t) => {
  const people = await tenPeople()

  const before = await signedOut(people)
  const since = performance.now()
  await until('to be refused', async () => `${await met(before)}` === 'sign-out')

  const took = Math.round(performance.now() - since)
  t.comment(`sessions ended elsewhere: refused after ${took} ms`)
  t.ok(took < 1_000, `${took} ms`)
})

t.test('with the messages between replicas lost, it is refused within ten seconds', async (t) => {
  const people = await tenPeople()
  there.store.set({ kind: 'half-open' }, { subscriptions: true })

  const before = await signedOut(people)
  const atOnce = await met(before)
  await stage.advance(10_000)
  const later = await met(before)
  const bites = there.store.bites()
  there.store.heal()

  t.comment(`messages lost: ${atOnce} at once, ${later} after 10 s; ${bites} lost`)
  t.ok(bites > 0)
  t.strictSame(atOnce, ['served'])
  t.strictSame(later, ['sign-out'])
})

t.test('with the store away, it is refused when serve_cached_for is over', async (t) => {
  await until('the messages to be heard again', () => there.said(/changes by other replicas are heard/) > 1)
  const people = await tenPeople()
  there.store.cut()

  const before = await signedOut(people)
  const atOnce = await met(before)
  await stage.advance(60_000)
  const later = await met(before)
  there.store.heal()
  await until('to be refused', async () => `${await met(before)}` === 'sign-out')

  t.comment(`the store away: ${atOnce} at once, ${later} after serve_cached_for, then refused`)
  t.ok(there.store.bites() > 0)
  t.strictSame(atOnce, ['served'])
  t.strictSame(later, ['wait'])
})

import { randomBytes } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import t from 'tap'
import { GatewayError, UnreadableRecord } from '../../src/core/errors.ts'
import type { InvalidationListener } from '../../src/core/ports.ts'
import { createSessionCache } from '../../src/core/session-cache.ts'
import type { HeldSession } from '../../src/core/user-store.ts'

const second = 1_000
const minute = 60 * second
const user = 'a'.repeat(22)
const cookie = `${user}.${'1'.repeat(43)}`
const away = new GatewayError('store_unavailable')

/** A session that differs from others by its name. */
function aSession(name: string, { of = user, endsAt = Number.POSITIVE_INFINITY } = {}): HeldSession {
  const session = { provider: 'cognito', sub: 'ada', createdAt: 0, endsAt }
  return { user: of, name: `s:${name}`, session, endsAt, tokens: new Map() }
}

/** A cache over a store that a test answers by hand, or by `store.answer`. */
function open({ serveCachedForMs = minute, max = 100 } = {}) {
  const clock = { at: 1_000 * minute }
  const store = { answer: (): HeldSession | undefined | GatewayError => aSession('first'), slow: false }
  const asked: { readonly cookie: string; readonly providers: readonly string[]; readonly known: unknown }[] = []
  const waiting: (() => void)[] = []
  let listener: InvalidationListener | undefined
  const cache = createSessionCache({
    async read(cookie = '', providers: readonly string[], known?: HeldSession) {
      asked.push({ cookie, providers, known })
      const answer = store.answer()
      if (store.slow) await new Promise<void>((resolve) => waiting.push(resolve))
      if (answer instanceof GatewayError) throw answer
      return answer
    },
    invalidations: {
      listen(to) {
        listener = to
        to.hearing(true)
      },
    },
    now: () => clock.at,
    serveCachedForMs,
    max,
  })
  const read = (providers: readonly string[] = ['cognito'], of = cookie) => cache.read(of, providers)
  const recently = (withinMs: number) => cache.read(cookie, ['cognito'], withinMs)
  const nameRead = async (...args: Parameters<typeof read>) => (await read(...args))?.name
  const changed = (whose = user) => listener?.changed(whose)
  const hearing = (isHearing: boolean) => listener?.hearing(isHearing)
  /** Lets the store answer everything it was asked so far. */
  const answer = async () => {
    for (const resolve of waiting.splice(0)) resolve()
    await setImmediate()
  }
  return { clock, store, asked, read, recently, nameRead, changed, hearing, answer, results: cache.results }
}

t.test('a session that was just read is given again without asking the store', async (t) => {
  const { read, asked, results } = open()

  const first = await read()
  const others = await Promise.all(Array.from({ length: 1000 }, () => read()))

  t.strictSame([...new Set(others)], [first])
  t.equal(asked.length, 1)
  t.strictSame(results, { hit: 1000, miss: 1, unconfirmed: 0, stale: 0 })
})

t.test('without a cookie there is no session, and nobody is asked', async (t) => {
  const { read, results } = createSessionCache({
    read: async () => t.fail('asked') as never,
    invalidations: { listen() {} },
    now: Date.now,
    serveCachedForMs: 0,
    max: 1,
  })

  t.equal(await read(undefined, []), undefined)
  t.equal(results.miss, 0)
})

t.test('from 5 s after its confirmation it is read again in the background, once', async (t) => {
  const { read, nameRead, asked, clock, store } = open()
  await read()
  clock.at += 5 * second - 1
  await read()
  t.equal(asked.length, 1, 'not before')
  store.answer = () => aSession('second')

  clock.at += 1
  const names = await Promise.all([nameRead(), nameRead(), nameRead()])
  await setImmediate()

  t.strictSame(names, ['s:first', 's:first', 's:first'], 'nobody waits for it')
  t.equal(asked.length, 2)
  t.equal(await nameRead(), 's:second')
  clock.at += 5 * second - 1
  await read()
  t.equal(asked.length, 2, 'confirmed anew')
})

t.test('one that is as it was is confirmed anew, also after changes could have been missed', async (t) => {
  const { read, asked, clock, store, hearing } = open()
  const same = aSession('same')
  store.answer = () => same
  await read()
  clock.at += 5 * second
  await read()
  await setImmediate()

  clock.at += 5 * second - 1
  t.equal(await read(), same)
  t.equal(asked.length, 2, 'the last confirmation counts')
  hearing(false)
  hearing(true)
  t.equal(await read(), same)
  t.equal(await read(), same)

  t.equal(asked.length, 3, 'asked once for that')
})

t.test('10 s after its confirmation it is read again before it is used', async (t) => {
  const { read, nameRead, clock, store, results } = open()
  await read()
  store.answer = () => aSession('second')

  clock.at += 10 * second

  t.equal(await nameRead(), 's:second')
  t.strictSame(results, { hit: 0, miss: 1, unconfirmed: 1, stale: 0 })
})

t.test(
  'who wants it confirmed more recently has the store asked first, and gets what was kept while that is away',
  async (t) => {
    const { clock, store, asked, results, recently } = open()
    await recently(second)
    await recently(second)
    t.equal(asked.length, 1)
    clock.at += second

    store.answer = () => away
    t.equal((await recently(second))?.name, 's:first')
    store.answer = () => undefined
    t.equal(await recently(second), undefined)

    t.equal(asked.length, 3)
    t.strictSame(results, { hit: 1, miss: 1, unconfirmed: 1, stale: 1 })
  },
)

t.test('it counts as confirmed when the store was asked, not when it answered', async (t) => {
  const { read, asked, clock, store, answer } = open()
  store.slow = true
  const reading = read()
  clock.at += 10 * second
  await answer()
  await reading
  store.slow = false

  await read()

  t.equal(asked.length, 2)
})

t.test('the re-read is given what is known, so that nothing has to be opened twice', async (t) => {
  const { read, asked, clock } = open()
  const first = await read()
  clock.at += 10 * second

  await read()

  t.equal(asked[0]?.known, undefined)
  t.equal(asked[1]?.known, first)
})

t.test('a change of the user makes all their sessions be read again, and nobody else’s', async (t) => {
  const { nameRead, changed, asked, store } = open()
  const [laptop, phone] = [`${user}.laptop`, `${user}.phone`]
  const grace = 'b'.repeat(22)
  const other = `${grace}.other`
  await nameRead([], laptop)
  await nameRead([], phone)
  store.answer = () => aSession('other', { of: grace })
  await nameRead([], other)
  store.answer = () => undefined

  changed()

  t.equal(await nameRead([], laptop), undefined)
  t.equal(await nameRead([], phone), undefined)
  t.equal(await nameRead([], other), 's:other')
  t.equal(asked.length, 5)
})

t.test('a change is heeded after a session was read again as well', async (t) => {
  const { nameRead, changed, clock, store } = open()
  await nameRead()
  clock.at += 10 * second
  await nameRead()
  store.answer = () => undefined

  changed()

  t.equal(await nameRead(), undefined)
})

t.test('what was known to have changed is not used while the store is away either', async (t) => {
  const { read, changed, store } = open()
  await read()
  changed()
  store.answer = () => away

  await t.rejects(read(), { code: 'store_unavailable' })
})

t.test('an answer that a change overtook is given to those who asked before, and not kept', async (t) => {
  const { nameRead, changed, store, answer, asked } = open()
  store.slow = true
  const before = nameRead()

  changed()
  store.answer = () => undefined
  const after = nameRead()
  await answer()

  t.equal(await before, 's:first')
  t.equal(await after, undefined, 'who comes after the change does not share the older answer')
  t.equal(asked.length, 2)
})

t.test('an overtaken answer that comes last does not bring the old session back', async (t) => {
  const { nameRead, changed, store, answer } = open()
  store.slow = true
  const before = nameRead()
  changed()
  store.slow = false
  store.answer = () => undefined
  t.equal(await nameRead(), undefined)

  await answer()
  await before

  t.equal(await nameRead(), undefined)
})

t.test('an overtaken background read is not kept', async (t) => {
  const { read, nameRead, changed, clock, store, answer } = open()
  await read()
  clock.at += 6 * second
  store.slow = true
  await read()
  changed()
  await answer()
  store.slow = false
  store.answer = () => undefined

  t.equal(await nameRead(), undefined)
})

t.test('while changes may be missed every use reads first', async (t) => {
  const { nameRead, hearing, store, asked } = open()
  await nameRead()
  hearing(false)

  for (const name of ['second', 'third', 'fourth']) {
    store.answer = () => aSession(name)
    t.equal(await nameRead(), `s:${name}`)
  }
  t.equal(asked.length, 4)
})

t.test('when changes are heard again, what was read before is read once more', async (t) => {
  const { read, nameRead, hearing, store, asked } = open()
  await read()
  hearing(false)
  await read()
  hearing(true)
  store.answer = () => aSession('second')

  t.equal(await nameRead(), 's:second')
  t.equal(await nameRead(), 's:second')
  t.equal(asked.length, 3)
})

t.test('what was asked before changes could be missed is not confirmed', async (t) => {
  const { read, hearing, store, answer, asked } = open()
  store.slow = true
  const reading = read()
  hearing(false)
  hearing(true)
  await answer()
  await reading
  store.slow = false

  await read()

  t.equal(asked.length, 2)
})

t.test('who asks once changes may be missed does not share an answer from before', async (t) => {
  const { read, hearing, store, answer, asked } = open()
  store.slow = true
  const before = read()
  hearing(false)
  const after = read()
  await answer()
  await Promise.all([before, after])

  t.equal(asked.length, 2)
})

t.test('while the store is away a session goes on until serve_cached_for after its last confirmation', async (t) => {
  const { read, nameRead, clock, store, hearing, results } = open({ serveCachedForMs: minute })
  await read()
  store.answer = () => away
  hearing(false)

  clock.at += minute - 1
  t.equal(await nameRead(), 's:first')
  clock.at += 1
  await t.rejects(read(), away)
  t.strictSame(results, { hit: 0, miss: 1, unconfirmed: 0, stale: 1 })

  store.answer = () => aSession('first')
  t.equal(await nameRead(), 's:first', 'nothing is lost when the store returns')
})

t.test('serve_cached_for 0: an unconfirmed session is not used', async (t) => {
  const { read, store, hearing } = open({ serveCachedForMs: 0 })
  await read()
  store.answer = () => away
  hearing(false)

  await t.rejects(read(), away)
})

t.test('a failed background read hurts nobody and confirms nothing', async (t) => {
  const { read, nameRead, clock, store } = open({ serveCachedForMs: 0 })
  await read()
  store.answer = () => away

  clock.at += 9 * second
  t.equal(await nameRead(), 's:first')
  await setImmediate()
  clock.at += second
  await t.rejects(read(), away)
})

t.test('a record that cannot be read is no store that is away', async (t) => {
  const { read, clock, store } = open()
  await read()
  store.answer = () => new UnreadableRecord('of a newer release')
  clock.at += 10 * second

  await t.rejects(read(), { code: 'store_unavailable' })
  store.answer = () => away
  await t.rejects(read(), away, 'and what was there before is not used any more')
})

t.test(
  'that there is no session is not remembered, and one that is gone is not used while the store is away',
  async (t) => {
    const { read, nameRead, clock, store, asked } = open()
    store.answer = () => undefined
    t.equal(await read(), undefined)
    t.equal(await read(), undefined)
    t.equal(asked.length, 2)
    store.answer = () => aSession('first')
    t.equal(await nameRead(), 's:first')

    clock.at += 6 * second
    store.answer = () => undefined
    await read()
    await setImmediate()
    store.answer = () => away

    await t.rejects(read(), away)
  },
)

t.test('a session’s own end is looked at on each use, also while the store is away', async (t) => {
  const { read, clock, store, hearing } = open()
  const endsAt = clock.at + 3 * second
  store.answer = () => aSession('first', { endsAt })
  t.ok(await read())

  clock.at = endsAt - 1
  t.ok(await read())
  clock.at = endsAt
  t.equal(await read(), undefined)
  store.answer = () => away
  hearing(false)
  t.equal(await read(), undefined)
})

t.test('many who ask for one session at once cost one read', async (t) => {
  const { read, asked, store, answer, results } = open()
  store.slow = true

  const all = Promise.all(Array.from({ length: 50 }, () => read()))
  await answer()

  t.equal(new Set(await all).size, 1)
  t.equal(asked.length, 1)
  t.equal(results.miss, 50)
})

t.test('token sets of further providers are read when a route needs them, and kept with the others', async (t) => {
  const { read, asked, clock } = open()
  await read(['cognito'])
  await read(['cognito', 'crm'])
  await read(['crm'])
  await read(['cognito'])
  clock.at += 10 * second
  await read(['cognito'])

  t.strictSame(
    asked.map(({ providers }) => providers),
    [['cognito'], ['cognito', 'crm'], ['cognito', 'crm']],
  )
})

t.test('who needs more providers than are being read does not wait for less', async (t) => {
  const { read, asked, store, answer } = open()
  store.slow = true
  const narrow = read(['cognito'])
  const wide = read(['cognito', 'crm'])
  await answer()
  await Promise.all([narrow, wide])

  await read(['crm'])

  t.equal(asked.length, 2, 'the wider answer is the one that is kept')
})

t.test('a token set that was never read is not guessed at while the store is away', async (t) => {
  const { read, store } = open()
  await read(['cognito'])
  store.answer = () => away

  await t.rejects(read(['cognito', 'crm']), away)
  t.ok(await read(['cognito']), 'what was read goes on')
})

t.test('only so many sessions are kept, those used last', async (t) => {
  const { clock, read, asked, changed } = open({ max: 2 })
  await read([], `${user}.1`)
  await read([], `${user}.2`)
  // What is used is read again in the background, and is the last then.
  clock.at += 6 * second
  await read([], `${user}.1`)
  await setImmediate()
  await read([], `${user}.3`)
  t.equal(asked.length, 4)

  await read([], `${user}.1`)
  t.equal(asked.length, 4)
  await read([], `${user}.2`)
  t.equal(asked.length, 5)
  changed()
  await read([], `${user}.2`)
  t.equal(asked.length, 6)
})

t.test('nothing is left of sessions that gave way to others', async (t) => {
  const { read, store, asked } = open({ max: 1 })
  const readMany = async () => {
    for (let i = 0; i < 10_000; i++) {
      const of = randomBytes(16).toString('base64url')
      store.answer = () => aSession('one', { of })
      await read([], `${of}.1`)
      asked.length = 0
    }
  }
  await readMany()
  const before = heapUsed()

  await readMany()

  t.ok(heapUsed() - before < 1_000_000, `${heapUsed() - before} bytes more`)
})

/** After collecting what is garbage. Bytes. */
function heapUsed(): number {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
  return process.memoryUsage().heapUsed
}

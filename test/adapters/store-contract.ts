import { setImmediate } from 'node:timers/promises'
import type { Test } from 'tap'
import type { RecordName, RecordWrite, Store, WriteCondition } from '../../src/core/ports.ts'

/** A store with a clock the suite can move. */
export interface StoreUnderTest {
  readonly store: Store
  /** The same data through another process's eyes; where there is only one process, the same store. */
  readonly other: Store
  /** Lets this much time pass, as far as the store can tell. */
  readonly advance: (ms: number) => Promise<void>
}

const user = 'u5er'
const session: RecordName = 's:one'
const otherSession: RecordName = 's:two'
const tokens: RecordName = 't:cognito'

const minute = 60_000
const hour = 60 * minute

function aWrite(changes: Partial<RecordWrite> = {}): RecordWrite {
  return { state: 'live', mark: '', reason: '', body: Buffer.from('sealed'), ttlMs: hour, ...changes }
}

/** Listens to a store: `next` gives the user of the next change, `hearing` is there once changes are heard. */
function listenTo({ invalidations }: Store, heard: string[] = []) {
  let told = (_user: string) => {}
  const hearing = new Promise<void>((resolve) => {
    invalidations.listen({
      changed(user) {
        heard.push(user)
        told(user)
      },
      hearing: (isHearing) => isHearing && resolve(),
    })
  })
  const next = () =>
    new Promise<string>((resolve) => {
      told = resolve
    })
  return { next, hearing }
}

/** What every store does, whatever it is made of. `open` gives an empty one. */
export function storeContract(t: Test, open: (t: Test) => Promise<StoreUnderTest>): void {
  t.test('records are read back in the order asked for, with nothing where nothing is', async (t) => {
    const { store } = await open(t)
    await store.records.write(user, session, aWrite({ body: Buffer.from('one') }), { new: true })
    await store.records.write(user, tokens, aWrite({ body: Buffer.from('two'), mark: 'm' }), { new: true })

    const [second, nothing, first] = await store.records.read(user, [tokens, 's:none', session])

    t.match(second, { state: 'live', version: 1, mark: 'm', reason: '', body: Buffer.from('two') })
    t.equal(nothing, undefined)
    t.match(first, { state: 'live', version: 1, mark: '', reason: '', body: Buffer.from('one') })
    t.strictSame(await store.records.read(user, []), [])
  })

  t.test('bodies, marks and reasons come back as they were, whatever is in them', async (t) => {
    const { store } = await open(t)
    const body = Buffer.from(Array.from({ length: 1024 }, (_, at) => at % 256))
    const texts = { mark: 'm 1\n%20', reason: 'expired: "été" \r\n2 live' }

    await store.records.write(user, tokens, aWrite({ state: 'refused', body, ...texts }), { new: true })
    const [record] = await store.records.read(user, [tokens])

    t.strictSame(Buffer.from(record?.body ?? []), body)
    t.match(record, { state: 'refused', ...texts })
    t.equal(await store.records.write(user, tokens, aWrite(), { mark: texts.mark }), 2)
  })

  t.test('nobody else changes what is stored: not the writer’s buffer, not the reader’s', async (t) => {
    const { store } = await open(t)
    const body = Buffer.from('sealed')

    await store.records.write(user, session, aWrite({ body }), { new: true })
    body.fill(0)
    const [record] = await store.records.read(user, [session])
    record?.body.fill(0)

    const [again] = await store.records.read(user, [session])
    t.equal(Buffer.from(again?.body ?? []).toString(), 'sealed')
  })

  t.test('users do not see each other', async (t) => {
    const { store } = await open(t)
    await store.records.write(user, session, aWrite(), { new: true })

    t.strictSame(await store.records.read('another', [session]), [undefined])
    t.strictSame(await store.records.list('another'), [])
    t.strictSame(await store.records.end('another', [session], { reason: 'x', orphans: [] }), [])
    t.equal(await store.records.touch('another', session, hour), false)
  })

  t.test('"new" writes where nothing is or a tombstone, not over a live or refused record', async (t) => {
    const { store } = await open(t)

    t.equal(await store.records.write(user, tokens, aWrite(), { new: true }), 1)
    t.equal(await store.records.write(user, tokens, aWrite(), { new: true }), undefined)
    t.equal(await store.records.write(user, tokens, aWrite({ state: 'refused' }), { version: 1 }), 2)
    t.equal(await store.records.write(user, tokens, aWrite(), { new: true }), undefined)
    await store.records.end(user, [tokens], { reason: 'signed_out', orphans: [] })
    t.equal(await store.records.write(user, tokens, aWrite(), { new: true }), 4, 'the version goes on')
  })

  t.test(
    '"version" writes over exactly that version, live or refused, never over nothing or a tombstone',
    async (t) => {
      const { store } = await open(t)
      const write = (version: number, state: 'live' | 'refused' = 'live') =>
        store.records.write(user, tokens, aWrite({ state }), { version })

      t.equal(await write(0), undefined)
      await store.records.write(user, tokens, aWrite(), { new: true })
      t.equal(await write(1, 'refused'), 2)
      t.equal(await write(1), undefined)
      t.equal(await write(3), undefined)
      t.equal(await write(2), 3)
      await store.records.end(user, [tokens], { reason: 'signed_out', orphans: [] })
      t.equal(await write(3), undefined)
      t.equal(await write(4), undefined)
    },
  )

  t.test('"mark" writes over exactly that mark, live or refused, never over nothing or a tombstone', async (t) => {
    const { store } = await open(t)
    const write = (mark: string, next: Partial<RecordWrite>) =>
      store.records.write(user, tokens, aWrite(next), { mark })

    t.equal(await write('', { mark: 'a' }), undefined)
    await store.records.write(user, tokens, aWrite({ mark: 'a' }), { new: true })
    t.equal(await write('a', { mark: 'a', state: 'refused', reason: 'invalid_grant' }), 2)
    t.equal(await write('a', { mark: 'b' }), 3, 'a late answer wins over a refusal of the same token')
    t.equal(await write('a', { mark: 'c' }), undefined)
    t.equal(await write('', { mark: 'c' }), undefined)
    await store.records.end(user, [tokens], { reason: 'signed_out', orphans: [] })
    t.equal(await write('b', { mark: 'c' }), undefined)
    t.equal(await write('', { mark: 'c' }), undefined)
  })

  t.test('of many writers at once, exactly one wins', async (t) => {
    const { store, other } = await open(t)
    const everyone = Array.from({ length: 20 }, (_, at) => ({ at, records: (at % 2 ? store : other).records }))

    const created = await Promise.all(
      everyone.map(({ at, records }) =>
        records.write(user, tokens, aWrite({ mark: 'a', body: Buffer.of(at) }), { new: true }),
      ),
    )
    const saved = await Promise.all(
      everyone.map(({ at, records }) =>
        records.write(user, tokens, aWrite({ mark: 'b', body: Buffer.of(at) }), { mark: 'a' }),
      ),
    )
    const [record] = await store.records.read(user, [tokens])

    t.strictSame(created.filter(Boolean), [1])
    t.strictSame(saved.filter(Boolean), [2])
    t.equal(record?.body[0], saved.indexOf(2), 'what is stored is what the winner wrote')
  })

  t.test('a record is gone when its time is over, from the list too', async (t) => {
    const { store, advance } = await open(t)
    await store.records.write(user, session, aWrite({ ttlMs: minute }), { new: true })
    await store.records.write(user, tokens, aWrite({ ttlMs: hour }), { new: true })

    await advance(minute)

    t.strictSame((await store.records.read(user, [session]))[0], undefined)
    t.strictSame(
      (await store.records.list(user)).map(({ name }) => name),
      [tokens],
    )
    t.equal(await store.records.touch(user, session, hour), false)
    t.equal(await store.records.write(user, session, aWrite(), { version: 1 }), undefined)
    t.equal(await store.records.write(user, session, aWrite(), { new: true }), 1)
  })

  t.test('a time of nothing, or of a fraction, is a moment and no failure', async (t) => {
    const { store, advance } = await open(t)

    t.equal(await store.records.write(user, session, aWrite({ ttlMs: -5 }), { new: true }), 1)
    t.equal(await store.records.write(user, otherSession, aWrite({ ttlMs: 60_000.5 }), { new: true }), 1)
    await advance(5)
    const [moment, minuteLong] = await store.records.read(user, [session, otherSession])

    t.equal(moment, undefined)
    t.ok(minuteLong)
  })

  t.test('a touch moves the end of a live record, forth and back, and leaves the rest', async (t) => {
    const { store, advance } = await open(t)
    await store.records.write(user, session, aWrite({ ttlMs: minute }), { new: true })
    await store.records.write(user, otherSession, aWrite({ ttlMs: hour }), { new: true })

    t.equal(await store.records.touch(user, session, hour), true)
    t.equal(await store.records.touch(user, otherSession, minute), true)
    await advance(minute)
    const [kept, gone] = await store.records.read(user, [session, otherSession])

    t.match(kept, { state: 'live', version: 1, body: Buffer.from('sealed') })
    t.equal(gone, undefined)
    t.strictSame(
      (await store.records.list(user)).map(({ name }) => name),
      [session],
    )
  })

  t.test('a touch, and an end, of what begins alike is one of all of that', async (t) => {
    const { store, advance } = await open(t)
    for (const name of ['s:one', 's:one.b', 's:one.c', 's:other'] as const) {
      await store.records.write(user, name, aWrite({ ttlMs: minute }), { new: true })
    }

    t.equal(await store.records.touch(user, 's:one*', hour), true)
    t.equal(await store.records.touch(user, 's:none*', hour), false)
    await advance(minute)
    const kept = await store.records.list(user)
    const ended = await store.records.end(user, ['s:one', 's:one.*'], { reason: 'signed_out', orphans: [] })

    t.strictSame(kept.map(({ name }) => name).toSorted(), ['s:one', 's:one.b', 's:one.c'])
    t.strictSame(ended.toSorted(), ['s:one', 's:one.b', 's:one.c'])
  })

  t.test('a hand-over code that was taken is gone, and is taken once', async (t) => {
    const { store } = await open(t)
    await store.records.write(user, 'h:code', aWrite(), { new: true })

    const taken = await Promise.all(
      [1, 2, 3].map(() => store.records.end(user, ['h:code'], { reason: 'used', orphans: [] })),
    )

    t.strictSame(taken.flat(), ['h:code'])
    t.strictSame(await store.records.read(user, ['h:code']), [undefined])
  })

  t.test('a touch leaves a refused record, a tombstone and nothing as they are', async (t) => {
    const { store, advance } = await open(t)
    await store.records.write(user, tokens, aWrite({ state: 'refused', ttlMs: minute }), { new: true })
    await store.records.write(user, session, aWrite(), { new: true })
    await store.records.end(user, [session], { reason: 'signed_out', orphans: [] })

    t.equal(await store.records.touch(user, tokens, hour), false)
    t.equal(await store.records.touch(user, session, 2 * hour), false)
    t.equal(await store.records.touch(user, otherSession, hour), false)
    await advance(hour)

    t.strictSame(await store.records.read(user, [tokens, session, otherSession]), [undefined, undefined, undefined])
  })

  t.test('the list has live and refused records, the soonest to expire first', async (t) => {
    const { store, advance } = await open(t)
    await store.records.write(user, session, aWrite({ ttlMs: 3 * hour }), { new: true })
    await store.records.write(user, otherSession, aWrite({ ttlMs: 2 * hour }), { new: true })
    await store.records.write(user, tokens, aWrite({ ttlMs: hour, state: 'refused' }), { new: true })
    await store.records.write(user, 't:crm', aWrite(), { new: true })
    await store.records.end(user, ['t:crm'], { reason: 'disconnected', orphans: [] })
    await advance(minute)

    const list = await store.records.list(user)

    t.strictSame(
      list.map(({ name }) => name),
      [tokens, otherSession, session],
    )
    const gaps = list.map(({ expiresAt }) => expiresAt - (list[0]?.expiresAt ?? 0))
    t.ok(
      gaps.every((gap, at) => Math.abs(gap - at * hour) < 5_000),
      'an hour apart, but for the time the writes took',
    )
  })

  t.test('an end leaves a tombstone for an hour and names what it ended, once', async (t) => {
    const { store, advance } = await open(t)
    await store.records.write(user, session, aWrite({ body: Buffer.from('s') }), { new: true })
    await store.records.write(user, tokens, aWrite({ body: Buffer.from('t'), state: 'refused' }), { new: true })
    const end = (...names: RecordName[]) => store.records.end(user, names, { reason: 'signed_out', orphans: [] })

    const ended = await end(tokens, 's:none', session, tokens)
    const endedAgain = await end(tokens, session)
    const [tombstone, nothing] = await store.records.read(user, [tokens, 's:none'])

    t.strictSame(ended, [tokens, session])
    t.strictSame(endedAgain, [])
    t.match(tombstone, { state: 'ended', version: 2, mark: '', reason: 'signed_out' })
    t.equal(tombstone?.body.length, 0)
    t.equal(nothing, undefined)
    t.strictSame(await store.records.list(user), [])

    await advance(hour - minute)
    t.ok((await store.records.read(user, [tokens]))[0])
    await advance(minute)
    t.strictSame(await store.records.read(user, [tokens]), [undefined])
  })

  t.test('orphans end with the last session and not before', async (t) => {
    const { store } = await open(t)
    for (const name of [session, otherSession, tokens, 't:crm'] as const) {
      await store.records.write(user, name, aWrite({ body: Buffer.from(name) }), { new: true })
    }

    const first = await store.records.end(user, [session], { reason: 'signed_out', orphans: [tokens] })
    const second = await store.records.end(user, [otherSession], { reason: 'signed_out', orphans: [tokens] })
    const states = (await store.records.read(user, [tokens, 't:crm'])).map((record) => record?.state)

    t.strictSame(first, [session])
    t.strictSame(second, [otherSession, tokens])
    t.strictSame(states, ['ended', 'live'])
  })

  t.test('all sessions of a user end at once, and the orphans with them', async (t) => {
    const { store, advance } = await open(t)
    await store.records.write(user, 's:expired', aWrite({ ttlMs: minute }), { new: true })
    for (const name of [session, otherSession, tokens, 't:crm'] as const) {
      await store.records.write(user, name, aWrite({ body: Buffer.from(name) }), { new: true })
    }
    await store.records.write('another', session, aWrite(), { new: true })
    await advance(minute)

    const ended = await store.records.end(user, ['s:*'], { reason: 'signed_out', orphans: [tokens] })
    const again = await store.records.end(user, ['s:*'], { reason: 'signed_out', orphans: [tokens] })

    t.strictSame(ended, [session, otherSession, tokens])
    t.strictSame(again, [])
    t.match(await store.records.read(user, [session, otherSession, tokens]), [
      { state: 'ended', version: 2, reason: 'signed_out' },
      { state: 'ended', version: 2, reason: 'signed_out' },
      { state: 'ended', version: 2, reason: 'signed_out' },
    ])
    t.strictSame(
      (await store.records.list(user)).map(({ name }) => name),
      ['t:crm'],
    )
    t.match(await store.records.read('another', [session]), [{ state: 'live' }])
  })

  t.test('a session that expired by itself does not keep orphans', async (t) => {
    const { store, advance } = await open(t)
    await store.records.write(user, session, aWrite({ ttlMs: minute }), { new: true })
    await store.records.write(user, otherSession, aWrite(), { new: true })
    await store.records.write(user, tokens, aWrite(), { new: true })
    await advance(minute)

    const ended = await store.records.end(user, [otherSession], { reason: 'signed_out', orphans: [tokens] })

    t.strictSame(ended, [otherSession, tokens])
  })

  t.test('two browsers signing out at once end the orphans exactly once', async (t) => {
    const { store, other } = await open(t)
    for (const name of [session, otherSession, tokens] as const) {
      await store.records.write(user, name, aWrite(), { new: true })
    }

    const ended = await Promise.all([
      store.records.end(user, [session], { reason: 'signed_out', orphans: [tokens] }),
      other.records.end(user, [otherSession], { reason: 'signed_out', orphans: [tokens] }),
    ])

    t.strictSame(ended.flat().sort(), [session, otherSession, tokens].sort())
  })

  t.test('orphans end with the last grant, where no session is left', async (t) => {
    const { store } = await open(t)
    for (const name of [session, 'g:one', tokens] as const) {
      await store.records.write(user, name, aWrite(), { new: true })
    }

    const signedOut = await store.records.end(user, [session], { reason: 'signed_out', orphans: [tokens] })
    const ended = await store.records.end(user, ['s:*', 'g:*'], { reason: 'everywhere', orphans: [tokens] })

    t.strictSame(signedOut, [session])
    t.strictSame(ended, ['g:one', tokens])
  })

  t.test('a token set that ends is set aside with what is in it, for a week or what is left of its time', async (t) => {
    const { store, advance } = await open(t)
    const write = (name: RecordName, changes: Partial<RecordWrite>) =>
      store.records.write(user, name, aWrite(changes), { new: true })
    await write(session, { mark: 'm' })
    await write(tokens, { mark: 'a', body: Buffer.from('t'), ttlMs: 30 * 24 * hour, state: 'refused', reason: 'x' })
    await write('t:crm', { mark: 'b', ttlMs: hour })
    await write('t:plain', { mark: '' })
    await advance(minute)

    await store.records.end(user, [session, tokens, 't:crm', 't:plain'], { reason: 'signed_out', orphans: [] })
    await store.records.end(user, [tokens], { reason: 'again', orphans: [] })

    const listed = await store.records.list(user)
    t.strictSame(
      listed.map(({ name }) => name),
      ['r:crm:b', 'r:cognito:a'],
    )
    t.match(await store.records.read(user, ['r:cognito:a']), [{ state: 'live', mark: 'a', body: Buffer.from('t') }])
    t.strictSame(await store.records.end(user, ['r:crm:b'], { reason: 'revoked', orphans: [] }), ['r:crm:b'])
    t.strictSame(await store.records.read(user, ['r:crm:b']), [undefined], 'without a tombstone')
    const [crm = 0, cognito = 0] = listed.map(({ expiresAt }) => expiresAt)
    t.ok(Math.abs(cognito - crm - (7 * 24 * hour - hour + minute)) < 5_000)
  })

  t.test(
    'a token set that is written over is set aside where that is asked for, and its mark is another',
    async (t) => {
      const { store } = await open(t)
      const write = (mark: string, setsAside: boolean, condition: WriteCondition) =>
        store.records.write(user, tokens, aWrite({ mark, body: Buffer.from(mark), setsAside }), condition)
      const aside = async () =>
        (await store.records.list(user)).map(({ name }) => name).filter((name) => name.startsWith('r:'))

      await write('a', true, { new: true })
      await write('a', true, { version: 1 })
      await write('b', false, { version: 2 })
      t.strictSame(await aside(), [])
      await write('c', true, { version: 9 })
      t.strictSame(await aside(), [], 'nothing was written')
      await write('c', true, { version: 3 })

      t.strictSame(await aside(), ['r:cognito:b'])
      t.match(await store.records.read(user, ['r:cognito:b']), [{ body: Buffer.from('b') }])
    },
  )

  t.test(
    'who is on the list of revocations is given out once due, to one taker, until that one’s time is over',
    async (t) => {
      const { store, other, advance } = await open(t)
      const { revocations } = store
      await revocations.put(user, minute)
      await revocations.put('another', 2 * minute)

      t.strictSame(await revocations.take(10, hour), [])
      await advance(minute)
      const taken = (await Promise.all([revocations.take(10, hour), other.revocations.take(10, hour)])).flat()
      t.match(taken, [{ user }])
      await advance(minute)
      t.match(await other.revocations.take(10, hour), [{ user: 'another' }])
      await advance(hour)

      t.match(await revocations.take(1, hour), [{ user }], 'the one that is due for longest')
    },
  )

  t.test('an entry of the list is taken off or put off, unless the user was put there anew', async (t) => {
    const { store, other, advance } = await open(t)
    const { revocations } = store
    const users = async () => (await revocations.take(10, 1)).map(({ user }) => user)

    const first = await revocations.put(user, minute)
    const second = await other.revocations.put(user, 0)
    t.ok(second.dueAt > first.dueAt, 'also where the time is the same')
    await revocations.settle(first, undefined)
    await advance(2 * minute)
    const [taken] = await revocations.take(10, hour)
    if (taken !== undefined) await revocations.settle(taken, hour)
    await revocations.settle(second, undefined)
    t.strictSame(await users(), [])
    await advance(hour)
    t.strictSame(await users(), [user])
    await revocations.settle(await revocations.put(user, minute), undefined)
    await advance(hour)

    t.strictSame(await users(), [])
  })

  t.test('it answers a ping', async (t) => {
    const { store } = await open(t)

    await t.resolves(store.records.ping())
  })

  t.test('what is written or ended here is told before its maker has the result', async (t) => {
    const { store } = await open(t)
    const heard: string[] = []
    store.invalidations.listen({ changed: (user) => heard.push(user), hearing() {} })
    /** By the time it is answered; the message to all comes when it comes. */
    const isHeard = async (change: () => Promise<unknown>) => {
      heard.length = 0
      await change()
      return heard.includes(user)
    }

    t.ok(await isHeard(() => store.records.write(user, session, aWrite(), { new: true })))
    t.ok(await isHeard(() => store.records.write(user, session, aWrite({ state: 'refused' }), { version: 1 })))
    t.ok(await isHeard(() => store.records.write(user, otherSession, aWrite(), { new: true })))
    t.ok(await isHeard(() => store.records.end(user, [session], { reason: 'signed_out', orphans: [] })))
    t.ok(await isHeard(() => store.records.end(user, ['s:*'], { reason: 'signed_out', orphans: [] })))
  })

  t.test('what another process changes is heard, with the user it is about', async (t) => {
    const { store, other } = await open(t)
    const { next, hearing } = listenTo(store)
    await hearing
    const write = (whose: string, condition: WriteCondition) => other.records.write(whose, session, aWrite(), condition)

    for (const [whose, change] of [
      [user, () => write(user, { new: true })],
      [user, () => write(user, { version: 1 })],
      [user, () => other.records.end(user, [session], { reason: 'signed_out', orphans: [] })],
      ['another', () => write('another', { new: true })],
    ] as const) {
      const told = next()
      await change()
      t.equal(await told, whose)
    }
  })

  t.test('what changes nothing is not told', async (t) => {
    const { store, other } = await open(t)
    const heard: string[] = []
    const { hearing } = listenTo(store, heard)
    await hearing
    await other.records.write(user, session, aWrite(), { new: true })
    while (!heard.includes(user)) await setImmediate()
    heard.length = 0

    await other.records.touch(user, session, minute)
    await other.records.write(user, session, aWrite(), { new: true })
    await other.records.end(user, ['s:none'], { reason: 'signed_out', orphans: [] })
    await other.records.end('another', ['s:*'], { reason: 'signed_out', orphans: [tokens] })
    await other.records.write('last', session, aWrite(), { new: true })
    while (!heard.includes('last')) await setImmediate()

    t.strictSame(heard, ['last'])
  })

  t.test('a lock has one holder at a time, per user and name', async (t) => {
    const { store, other } = await open(t)

    const taken = await Promise.all(
      Array.from({ length: 10 }, (_, at) => (at % 2 ? store : other).locks.acquire(user, 'refresh', minute)),
    )
    const [lock] = taken.filter((one) => one !== undefined)

    t.equal(taken.filter(Boolean).length, 1)
    t.ok(await store.locks.acquire(user, 'another', minute))
    t.ok(await store.locks.acquire('another', 'refresh', minute))
    await lock?.release()
    t.ok(await other.locks.acquire(user, 'refresh', minute))
  })

  t.test('a lock lapses by itself unless renewed', async (t) => {
    const { store, other, advance } = await open(t)
    const lock = await store.locks.acquire(user, 'refresh', minute)

    await advance(minute / 2)
    t.equal(await lock?.renew(), true)
    await advance(minute / 2)
    t.equal(await other.locks.acquire(user, 'refresh', minute), undefined)
    await advance(minute / 2)
    t.ok(await other.locks.acquire(user, 'refresh', minute))
  })

  t.test('who lost a lock can neither renew nor free it', async (t) => {
    const { store, other, advance } = await open(t)
    const lost = await store.locks.acquire(user, 'refresh', minute)
    await advance(minute)

    t.equal(await lost?.renew(), false, 'with nobody after it')
    const held = await other.locks.acquire(user, 'refresh', minute)
    t.equal(await lost?.renew(), false, 'with a new holder')
    await lost?.release()

    t.equal(await store.locks.acquire(user, 'refresh', minute), undefined)
    t.equal(await held?.renew(), true)
  })
}

import t from 'tap'
import { granting } from '../../support/granting.ts'

const minute = 60_000

t.test('a user has at most a hundred clients: the one that was not used for longest makes room', async (t) => {
  const { clock, grants, ada, events, issue, exchange, renew } = await granting()
  const connect = async () => {
    clock.at += minute
    return exchange(await issue())
  }
  const first = await connect()
  const second = await connect()
  for (let others = 2; others < 100; others++) await connect()
  const { refresh_token: used } = await renew(first.refresh_token)

  await connect()

  t.equal((await grants.list(ada.user)).length, 100)
  t.strictSame(
    events.filter(({ event }) => event === 'grant_ended'),
    [{ event: 'grant_ended', reason: 'the user has too many' }],
  )
  await t.rejects(renew(second.refresh_token), { code: 'invalid_grant' })
  t.ok(await renew(used), 'the first, which was used since, is still there')
})

t.test('codes that nobody comes for push out one another, and no client', async (t) => {
  const { clock, grants, ada, issue, exchange } = await granting()
  const tokens = await exchange(await issue())
  const oldest = await issue()
  clock.at += 1
  const codes: string[] = []
  for (let at = 0; at < 20; at++) codes.push(await issue())

  t.equal((await grants.list(ada.user)).length, 21)
  t.ok(tokens.access_token)
  await t.rejects(exchange(oldest), { code: 'invalid_grant' })
  t.ok(await exchange(codes[0] ?? ''))
})

import t from 'tap'
import { freshness, renewedTokenSet, type TokenSet } from '../../src/core/token-set.ts'

const hour = 3_600_000
const day = 24 * hour

const aSet = (changes: Partial<TokenSet> = {}): TokenSet => ({
  accessToken: 'first',
  refreshToken: 'r1',
  idToken: undefined,
  scopes: ['openid'],
  claims: { sub: 'ada' },
  claimsAt: 0,
  client: 'us',
  obtainedAt: 0,
  expiresAt: hour,
  endsAt: 30 * day,
  ...changes,
})

t.test('ageing begins with 60 s or 20 % of the life left, whichever is less', (t) => {
  for (const [lifeMs, ageingMs] of [
    [hour, 60_000],
    [300_000, 60_000],
    [60_000, 12_000],
    [5_000, 1_000],
  ] as const) {
    const set = aSet({ expiresAt: lifeMs })
    t.equal(freshness(set, lifeMs - ageingMs - 1, day), 'fresh', `${lifeMs} ms`)
    t.equal(freshness(set, lifeMs - ageingMs, day), 'ageing')
    t.equal(freshness(set, lifeMs - 1, day), 'ageing')
    t.equal(freshness(set, lifeMs, day), 'over')
  }
  t.end()
})

const lives: readonly [string, number | undefined, number][] = [
  ['an hour', 3600, hour],
  ['not a whole number of seconds', 1.9, 1_000],
  ['not said', undefined, 30 * day],
  ['zero', 0, 60_000],
  ['negative', -3600, 60_000],
  ['longer than the set is kept', 1e300, 30 * day],
]
for (const [name, expiresInSeconds, lifeMs] of lives) {
  t.test(`a life that is ${name} is counted from our clock, within sane bounds`, (t) => {
    const answer = { accessToken: 'second', refreshToken: undefined, idToken: undefined, scopes: [], claims: undefined }

    const { expiresAt } = renewedTokenSet(aSet({ endsAt: hour + 30 * day }), { ...answer, expiresInSeconds }, hour)

    t.equal(expiresAt, hour + lifeMs)
    t.end()
  })
}

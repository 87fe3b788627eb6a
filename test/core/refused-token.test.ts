import t from 'tap'
import { createRefusedTokens } from '../../src/core/refused-token.ts'
import { heldTokens } from '../support/passage.ts'

const minute = 60_000

/** Refused tokens over fresh ones that count how often they are forced. */
function refusedTokens() {
  const clock = { at: 24 * 60 * minute }
  const forced: string[] = []
  const refused = createRefusedTokens(
    async (tokens, { force } = { force: false }) => {
      if (force) forced.push(tokens.user)
      return { ...tokens, version: tokens.version + 1 }
    },
    () => clock.at,
  )
  const held = (user = 'ada', set = {}) => ({ ...heldTokens(), user, set: { ...heldTokens().set, ...set } })
  return { ...refused, clock, forced, held }
}

t.test('a refused set is renewed, however good it looked', async (t) => {
  const { renew, held, forced } = refusedTokens()

  t.match(await renew(held()), { version: 2 })
  t.strictSame(forced, ['ada'])
})

t.test('a set that is young, or that nothing renews, is left as it is', async (t) => {
  const { renew, held, clock } = refusedTokens()

  t.equal(await renew(held('ada', { refreshToken: undefined })), undefined)
  t.equal(await renew(held('ada', { obtainedAt: clock.at - 29_999 })), undefined)
  t.ok(await renew(held('ada', { obtainedAt: clock.at - 30_000 })))
})

t.test('when the renewed set is refused too, it is not tried again for five minutes, for this user', async (t) => {
  const { renew, refusedAgain, held, clock } = refusedTokens()
  refusedAgain(held())

  clock.at += 5 * minute - 1
  t.equal(await renew(held()), undefined)
  t.ok(await renew(held('grace')))
  t.ok(await renew({ ...held(), provider: 'crm' }))
  clock.at += 1
  t.ok(await renew(held()))
})

t.test('what is remembered has an end', async (t) => {
  const { renew, refusedAgain, held } = refusedTokens()
  for (let i = 0; i < 10_000; i++) refusedAgain(held(`user-${i}`))
  t.equal(await renew(held('user-0')), undefined)

  refusedAgain(held('one-more'))

  t.ok(await renew(held('user-0')))
  t.equal(await renew(held('one-more')), undefined)
})

import t from 'tap'
import { checkUpstream } from '../../../src/core/check/upstream.ts'
import { aRoute } from '../../support/route.ts'

t.test('an upstream is told by its route; a certificate that ends soon is a warning', async (t) => {
  const now = Date.parse('2026-11-23T12:00:00Z')
  const day = 86_400_000
  const route = aRoute({ name: 'ledger' })
  const rows = [
    [{ certificateEndsAt: undefined }, 'ok', /Yes/],
    [{ certificateEndsAt: now + 15 * day }, 'ok', /Yes/],
    [{ certificateEndsAt: now + 2 * day }, 'warning', /within 2 days/],
    [{ failure: 'refused', code: 'ECONNREFUSED' }, 'problem', /refused/],
    [{ failure: 'timeout', code: '' }, 'problem', /no answer in time/],
    [{ failure: 'not_asked', code: '' }, 'unknown', /time was up/],
  ] as const

  for (const [outcome, status, answer] of rows) {
    const [finding] = await checkUpstream(route, async () => outcome, now)

    t.match(finding, { subject: 'upstreams', question: /ledger/, status, answer })
  }
})

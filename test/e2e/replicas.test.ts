import { randomBytes } from 'node:crypto'
import t from 'tap'
import { createBrowser } from '../support/browser.ts'
import { freePort } from '../support/free-port.ts'
import { startRedis } from '../support/redis.ts'
import { startGateway, startParts } from '../support/stack.ts'

t.test('two gateways over one Redis refresh an expired token once for 40 requests at once', async (t) => {
  const redis = await startRedis(t)
  const encryption_keys = [randomBytes(32).toString('base64')]
  const rotation = { enabled: true, grace: '0s' }
  const { origin, yaml, control, echo } = await startParts(t, {
    config: { store: { url: redis.url }, encryption_keys, log: { level: 'fatal' } },
    client: { rotation },
  })
  const clock = { ahead: 0 }
  const now = () => Date.now() + clock.ahead
  const other = { host: '127.0.0.1', port: await freePort() }
  await startGateway(t, yaml, { now })
  await startGateway(t, { ...yaml, listen: other }, { now })
  const browser = createBrowser()
  await browser.signIn(`${origin}/tool`)
  const headers = { cookie: `toolgate=${browser.cookies(origin).get('toolgate')?.value}`, host: new URL(origin).host }
  clock.ahead = 2 * 3_600_000
  await control.clock('2h')
  const { counts: before } = await control.log()
  echo.received.length = 0

  const answers = await Promise.all(
    Array.from({ length: 40 }, (_, i) =>
      createBrowser().send(`${i % 2 === 0 ? origin : `http://127.0.0.1:${other.port}`}/tool`, { headers }),
    ),
  )

  t.strictSame([...new Set(answers.map(({ status }) => status))], [200])
  t.equal((await control.log()).counts.token, before.token + 1)
  t.equal(new Set(echo.received.map(({ headers }) => headers.authorization)).size, 1, 'everyone gets the same token')
})

import { randomBytes, randomUUID } from 'node:crypto'
import t from 'tap'
import { Agent, request } from 'undici'
import { until } from '../faults/support/until.ts'
import { freePort } from '../support/free-port.ts'
import { callTool, connect, createPerson, refresh, register, sendMessage } from '../support/mcp-client.ts'
import { startMcpStack } from '../support/mcp-stack.ts'
import { startRedis, storedEntries } from '../support/redis.ts'
import { startGateway } from '../support/stack.ts'

const redis = await startRedis(t)
const encryption_keys = [randomBytes(32).toString('base64')]
const { origin, yaml, gateway } = await startMcpStack(t, {
  mcp: { challenge: 'lazy', scopes: ['reports/read'] },
  config: { store: { url: redis.url }, encryption_keys },
})
const listen = { host: '127.0.0.1', port: await freePort() }
const second = await startGateway(t, { ...yaml, listen })
for (const { admin } of [gateway, second]) {
  await until('the store', async () => (await admin.inject('/readyz')).statusCode === 200)
}
const { host } = new URL(origin)
/** The two replicas: where each is asked, and with which headers. */
const replicas = [
  { at: origin, headers: {} },
  { at: `http://127.0.0.1:${listen.port}`, headers: { host } },
] as const
const [here, there] = replicas
const client = await register(origin)

const bearer = ({ access_token }: { access_token: string }) => ({ authorization: `Bearer ${access_token}` })
const list = ({ at, headers }: (typeof replicas)[number], more: Record<string, string>) =>
  sendMessage(at, { method: 'tools/list' }, { ...headers, ...more })

t.test('a session that is bound at one replica is bound at all, and its id is not stored', async (t) => {
  const [ada, grace] = [await connect(origin, client), await connect(origin, client, createPerson('grace'))]
  const session = { 'mcp-session-id': randomUUID() }
  for (const replica of replicas) t.equal((await list(replica, session)).status, 200, 'free')

  t.equal((await list(here, { ...session, ...bearer(ada) })).status, 200)

  for (const replica of replicas) {
    t.equal((await list(replica, session)).status, 401)
    t.equal((await list(replica, { ...session, ...bearer(grace) })).status, 401)
    t.equal((await list(replica, { ...session, ...bearer(ada) })).status, 200)
  }
  const stored = await storedEntries(redis.url)
  const bindings = stored.filter(({ name }) => name.endsWith('}:m:owner'))
  t.equal(bindings.length, 1)
  t.ok(bindings.every(({ ttl }) => ttl > 6 * 24 * 3_600_000 && ttl <= 7 * 24 * 3_600_000))
  t.notOk(stored.some(({ name, value }) => `${name} ${value}`.includes(session['mcp-session-id'])))
})

t.test('a token that one replica has just given is good at another that knows the grant', async (t) => {
  let tokens = await connect(origin, client)
  for (let turn = 0; turn < 5; turn++) {
    for (const { at, headers } of replicas) t.equal((await callTool(at, tokens.access_token, 'x', headers)).status, 200)

    tokens = (await refresh(origin, client, tokens.refresh_token)).json

    t.equal((await callTool(there.at, tokens.access_token, 'x', there.headers)).status, 200)
  }
})

t.test(
  '1,000 registrations of one address: most are refused, nothing is stored, others are not affected',
  async (t) => {
    const registerFrom = (localAddress: string) => {
      const dispatcher = new Agent({ localAddress, connections: 8 })
      t.teardown(() => dispatcher.close())
      const body = JSON.stringify({ redirect_uris: ['https://app.test/callback'], token_endpoint_auth_method: 'none' })
      const headers = { 'content-type': 'application/json', host }
      return async () => {
        const url = `${origin.replace('localhost', '127.0.0.1')}/oauth/register`
        const answer = await request(url, { method: 'POST', headers, body, dispatcher })
        return { status: answer.statusCode, headers: answer.headers, json: (await answer.body.json()) as object }
      }
    }
    const [flood, other] = [registerFrom('127.0.0.2'), registerFrom('127.0.0.3')]
    const before = (await storedEntries(redis.url)).length

    const answers = await Promise.all(Array.from({ length: 1_000 }, flood))
    const meanwhile = await other()

    t.equal(answers.filter(({ status }) => status === 201).length, 20)
    const [refused, ...more] = answers.filter(({ status }) => status === 429)
    t.equal(more.length, 979)
    t.match(refused, {
      headers: { 'retry-after': /^[1-5]?\d$|^60$/, 'cache-control': 'no-store' },
      json: { error: 'temporarily_unavailable', error_description: /Wait/, code: 'rate_limited' },
    })
    t.equal(meanwhile.status, 201)
    t.equal((await storedEntries(redis.url)).length, before)
  },
)

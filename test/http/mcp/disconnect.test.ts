import { once } from 'node:events'
import { type IncomingMessage, request, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import t from 'tap'
import { connect, register } from '../../support/mcp-client.ts'
import { startMcpStack } from '../../support/mcp-stack.ts'
import { startTool } from '../../support/tool.ts'

type Exchange = readonly [request: IncomingMessage, response: ServerResponse]

const errors: string[] = []
const clock = { ahead: 0 }
/** An MCP server that leaves each exchange to the test. */
const server = await startTool(t, (incoming) => void incoming.on('error', () => undefined))
const { origin } = await startMcpStack(t, {
  now: () => Date.now() + clock.ahead,
  log: (line) => void (JSON.parse(line).level >= 50 && errors.push(line)),
  config: { routes: [{ name: 'notes', path: '/mcp', upstream: server.url, mcp: { scopes: ['reports/read'] } }] },
})

/** A message on its way, as the server has it, and how its client hangs up. */
async function send(headers: Record<string, string> = {}, method = 'POST') {
  const body = '{"jsonrpc":"2.0","id":1,"method":"tools/list"}'
  const arrived = once(server.server, 'request') as unknown as Promise<Exchange>
  const client = request(`${origin}/mcp`, { method, headers, agent: false }).on('error', () => undefined)
  client.end(method === 'POST' ? body : undefined)
  const [incoming, answer] = await arrived
  await text(incoming)
  return { answer, client }
}

/** Waits until the gateway has seen that a client is gone: what it opened meanwhile is cut. */
async function seen(): Promise<void> {
  const { answer, client } = await send({}, 'GET')
  client.destroy()
  await once(answer, 'close')
}

const newer = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/list' }
const started = { 'content-type': 'text/event-stream' }

t.test('up to 2025-11-25 a client that goes away does not cancel: the server ends what it does', async (t) => {
  for (const headers of [{}, { 'mcp-protocol-version': '2025-11-25' }]) {
    for (const isStarted of [false, true]) {
      const { answer, client } = await send(headers)
      if (isStarted) {
        answer.writeHead(200, started).write('data: 1\n\n')
        const [response] = (await once(client, 'response')) as [IncomingMessage]
        await once(
          response.on('error', () => undefined),
          'data',
        )
      }
      client.destroy()
      await seen()

      answer.write('data: 2\n\n')
      answer.end('data: 3\n\n')

      await once(answer, 'close')
      t.ok(answer.writableFinished, isStarted ? 'during the answer' : 'before it')
    }
  }
})

t.test('a client that took no more when it went holds up nobody', async (t) => {
  const { answer, client } = await send()
  answer.writeHead(200, started).flushHeaders()
  await once(client, 'response')
  // More than what stands between the two holds, and less than is read for nobody.
  for (let megabytes = 0; megabytes < 9; megabytes++) answer.write('x'.repeat(1 << 20))
  client.destroy()
  await seen()

  answer.end()

  await once(answer, 'close')
  t.ok(answer.writableFinished)
})

t.test('from 2026-07-28 on it does, and so does whoever hangs up a stream that only listens', async (t) => {
  for (const { answer, client } of [await send(newer), await send({}, 'GET'), await send({}, 'DELETE')]) {
    client.destroy()

    await once(answer, 'close')
    t.notOk(answer.writableFinished)
  }
})

t.test('what a client that is gone has asked goes on with a fresh token', async (t) => {
  const { access_token } = await connect(origin, await register(origin))
  clock.ahead += 60_000
  const { answer, client } = await send({ authorization: `Bearer ${access_token}` })
  client.destroy()
  await seen()
  const again = once(server.server, 'request') as unknown as Promise<Exchange>

  answer.writeHead(401).end()

  const [incoming, second] = await again
  t.match(await text(incoming), 'tools/list')
  second.end('{}')
  await once(second, 'close')
  t.ok(second.writableFinished)
})

t.test('none of that is an error', async (t) => t.strictSame(errors, []))

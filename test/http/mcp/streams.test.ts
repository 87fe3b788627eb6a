import { once } from 'node:events'
import { type ClientRequest, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import { startMcpStack } from '../../support/mcp-stack.ts'
import { startTool } from '../../support/tool.ts'

type Exchange = readonly [request: IncomingMessage, response: ServerResponse]

/** An MCP server that leaves each exchange to the test. */
const server = await startTool(t, (incoming) => void incoming.on('error', () => undefined).resume())
const upstream = server.url
const { origin } = await startMcpStack(t, {
  keepAliveMs: 40,
  config: {
    routes: [
      { name: 'notes', path: '/mcp', upstream, mcp: { scopes: [] } },
      { name: 'events', path: '/events', upstream, access: 'public' },
    ],
  },
})
const comment = ': keep-alive\n\n'

/** A stream that was asked for, as the server and as the client has it. */
async function open(path = '/mcp', headers: Record<string, string> = {}) {
  const arrived = once(server.server, 'request') as unknown as Promise<Exchange>
  const client: ClientRequest = request(origin + path, { agent: false }).end()
  const [, answer] = await arrived
  answer.writeHead(200, { 'content-type': 'text/event-stream', ...headers }).flushHeaders()
  const [response] = (await once(client, 'response')) as [IncomingMessage]
  return { answer, response: response.setEncoding('utf8') }
}

/** Waits until so many comments have come on a stream of its own, where nothing else comes. */
async function pass(t: Test, comments: number): Promise<void> {
  const { answer, response } = await open()
  let heard = ''
  for await (const piece of response) {
    heard += piece
    if (heard.length >= comments * comment.length) break
  }
  t.equal(heard, comment.repeat(comments))
  answer.destroy()
}

t.test('who hears nothing of an event stream gets comments, between events and in none', async (t) => {
  const silent = await open()
  const halfway = await open()
  const cut = await open()
  halfway.answer.write('data: 1\n\ndata: 2\n\n')
  cut.answer.write('data: 1\n\nid: 7\ndata: {"half":')

  await pass(t, 2)
  halfway.answer.end('data: 3\n\n')
  cut.answer.end('true}\n\n')
  silent.answer.end()

  t.match(await text(silent.response), /^(?:: keep-alive\n\n)+$/)
  t.match(await text(halfway.response), /data: 1\n\ndata: 2\n\n(?:: keep-alive\n\n)+data: 3\n\n$/)
  t.match(await text(cut.response), /data: 1\n\nid: 7\ndata: {"half":true}\n\n$/)
})

t.test('nothing is put into what is compressed, has a length, or is of another kind of route', async (t) => {
  const compressed = await open('/mcp', { 'content-encoding': 'gzip' })
  const measured = await open('/mcp', { 'content-length': '4' })
  const elsewhere = await open('/events')

  await pass(t, 2)
  for (const { answer } of [compressed, measured, elsewhere]) answer.end(':ok\n')

  for (const { response } of [compressed, measured, elsewhere]) t.equal(await text(response), ':ok\n')
})

t.test('a client that does not read gets no comments on top', async (t) => {
  const { answer, response } = await open()
  // Blank lines: wherever it stops, no event is open.
  const piece = '\n'.repeat(64 * 1024)
  for (let pieces = 0; pieces < 300; pieces++) answer.write(piece)
  await pass(t, 6)

  answer.end()

  const heard = await text(response)
  t.equal(heard.replaceAll(comment, '').length, 300 * piece.length)
  t.ok(heard.split(comment).length - 1 < 5, 'fewer than others got meanwhile')
})

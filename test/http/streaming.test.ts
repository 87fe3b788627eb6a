import { once } from 'node:events'
import { type IncomingMessage, request, type ServerResponse } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import t from 'tap'
import { parseAnswer, sendRaw } from '../support/raw.ts'
import { startStack } from '../support/stack.ts'
import { startTool } from '../support/tool.ts'

type Exchange = readonly [request: IncomingMessage, response: ServerResponse]

/** A tool that leaves each exchange to the test. */
const tool = await startTool(t, () => undefined)
const { origin } = await startStack(t, {
  config: {
    routes: [
      { name: 'open', path: '/open', upstream: tool.url, access: 'public' },
      { name: 'small', path: '/small', upstream: tool.url, access: 'public', max_body: '1KB' },
    ],
  },
})
const { host } = new URL(origin)

/** The next request that reaches the tool. */
const nextExchange = async () => (await once(tool.server, 'request')) as unknown as Exchange
const nextData = async (stream: NodeJS.ReadableStream) => String((await once(stream, 'data'))[0])

t.test('an answer is passed on piece by piece', async (t) => {
  const client = request(`${origin}/open`).end()
  const [, upstream] = await nextExchange()
  upstream.write('first')
  const [response] = (await once(client, 'response')) as [IncomingMessage]

  t.equal(await nextData(response), 'first')

  upstream.write('second')
  t.equal(await nextData(response), 'second')
  upstream.end()
  t.equal(await text(response), '')
})

t.test('the headers of an event stream do not wait for an event', async (t) => {
  const client = request(`${origin}/open`).end()
  const [, upstream] = await nextExchange()
  upstream.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' })
  upstream.flushHeaders()

  const [response] = (await once(client, 'response')) as [IncomingMessage]

  t.equal(response.headers['x-accel-buffering'], 'no')
  upstream.end('data: 1\n\n')
  t.equal(await text(response), 'data: 1\n\n')
})

t.test('a large answer arrives whole, and a tool that writes faster than is read has to wait', async (t) => {
  const piece = Buffer.alloc(1 << 20, 'x')
  const pieces = 64
  const client = request(`${origin}/open`).end()
  const [, upstream] = await nextExchange()
  let written = 0
  const writing = (async () => {
    for (; written < pieces; written++) if (!upstream.write(piece)) await once(upstream, 'drain')
    upstream.end()
  })()
  const [response] = (await once(client, 'response')) as [IncomingMessage]
  // Nothing happens any more once every buffer on the way is full.
  for (let before = -1; before !== written; ) {
    before = written
    await new Promise((resolve) => setTimeout(resolve, 200))
  }

  t.ok(written < pieces / 2, `${written} of ${pieces} MB were taken while nobody read`)

  let bytes = 0
  for await (const chunk of response) bytes += chunk.length
  await writing
  t.equal(bytes, pieces * piece.length)
})

t.test('an upload reaches the tool before it is complete', async (t) => {
  for (const headers of [{ 'content-length': '11' }, { 'transfer-encoding': 'chunked' }]) {
    const client = request(`${origin}/open`, { method: 'POST', headers })
    client.write('first')
    const [received, upstream] = await nextExchange()

    t.equal(await nextData(received), 'first')

    client.end('second')
    t.equal(await nextData(received), 'second')
    t.match(received.headers, headers)
    upstream.end('done')
    const [response] = (await once(client, 'response')) as [IncomingMessage]
    t.equal(await text(response), 'done')
  }
})

t.test('every method may have a body, and none has to', async (t) => {
  for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'QUERY', 'REPORT', 'PROPFIND']) {
    for (const body of ['', 'some text']) {
      const headers = { 'content-length': String(body.length), 'content-type': 'text/plain' }
      const client = request(`${origin}/open`, { method, headers }).end(body)
      const [received, upstream] = await nextExchange()
      const got = await text(received)
      upstream.end(`${received.method} ${got}`)
      const [response] = (await once(client, 'response')) as [IncomingMessage]

      t.equal(await text(response), `${method} ${body}`)
    }
  }
})

t.test('a body goes on whatever its type says', async (t) => {
  for (const type of [
    'application/json',
    'text',
    '',
    'multipart/form-data; boundary=x',
    'application/x-www-form-urlencoded',
  ]) {
    const client = request(`${origin}/open`, { method: 'POST', headers: { 'content-type': type } }).end('{"not json')
    const [received, upstream] = await nextExchange()

    t.equal(received.headers['content-type'], type)
    t.equal(await text(received), '{"not json')

    upstream.end()
    const [response] = (await once(client, 'response')) as [IncomingMessage]
    response.resume()
    t.equal(response.statusCode, 200)
  }
})

t.test('a body that is announced as too large is refused before the tool hears of it', async (t) => {
  tool.server.once('request', () => t.fail('reached the tool'))
  const lines = ['POST /small HTTP/1.1', `Host: ${host}`, 'Content-Length: 1025']

  const { status, headers, body } = await sendRaw(origin, lines)

  t.equal(status, 413)
  t.equal(JSON.parse(body).code, 'body_too_large')
  t.same(headers.get('connection'), ['close'])
  tool.server.removeAllListeners('request')
})

t.test('a body that turns out too large is refused, and the tool does not get the end of it', async (t) => {
  const socket = connect(Number(new URL(origin).port), '127.0.0.1')
  const answer = text(socket)
  const lines = ['POST /small HTTP/1.1', `Host: ${host}`, 'Transfer-Encoding: chunked']
  socket.write(`${lines.join('\r\n')}\r\n\r\n400\r\n${'x'.repeat(1024)}\r\n`)
  const [received] = await nextExchange()
  received.on('error', () => undefined).resume()
  const closed = new Promise((resolve) => received.once('close', resolve))

  socket.write('1\r\nx\r\n')

  const { status, body } = parseAnswer(await answer)
  t.equal(status, 413)
  t.equal(JSON.parse(body).code, 'body_too_large')
  await closed
  t.equal(received.complete, false)
})

t.test('a body that has come whole, and is too large, is refused before the tool hears of it', async (t) => {
  tool.server.once('request', () => t.fail('reached the tool'))
  const lines = ['POST /small HTTP/1.1', `Host: ${host}`, 'Transfer-Encoding: chunked']

  const { status, body } = await sendRaw(origin, lines, `401\r\n${'x'.repeat(1025)}\r\n0\r\n\r\n`)

  t.equal(status, 413)
  t.equal(JSON.parse(body).code, 'body_too_large')
  tool.server.removeAllListeners('request')
})

t.test('a body of exactly the largest size passes', async (t) => {
  for (const headers of [{ 'content-length': '1024' }, { 'transfer-encoding': 'chunked' }]) {
    const client = request(`${origin}/small`, { method: 'POST', headers }).end('x'.repeat(1024))
    const [received, upstream] = await nextExchange()
    t.equal((await text(received)).length, 1024)
    upstream.end()
    const [response] = (await once(client, 'response')) as [IncomingMessage]
    response.resume()
    t.equal(response.statusCode, 200)
  }
})

t.test('when the client goes, the tool is told', async (t) => {
  for (const method of ['GET', 'POST']) {
    const client = request(`${origin}/open`, { method }).on('error', () => undefined)
    if (method === 'POST') client.write('first')
    else client.end()
    const [received, upstream] = await nextExchange()
    received.on('error', () => undefined).resume()

    client.destroy()

    await once(upstream, 'close')
    t.equal(upstream.writableFinished, false, `${method} before the answer`)
  }

  const client = request(`${origin}/open`).end()
  const [, upstream] = await nextExchange()
  upstream.write('first')
  const [response] = (await once(client, 'response')) as [IncomingMessage]
  response.on('error', () => undefined)
  await nextData(response)
  client.destroy()
  await once(upstream, 'close')
  t.equal(upstream.writableFinished, false, 'during the answer')
})

t.test('an upload that is complete is not cut while the tool thinks', async (t) => {
  const client = request(`${origin}/open`, { method: 'POST' }).end('body')
  const [received, upstream] = await nextExchange()
  t.equal(await text(received), 'body')
  await new Promise((resolve) => setTimeout(resolve, 50))

  upstream.end('thought')

  const [response] = (await once(client, 'response')) as [IncomingMessage]
  t.equal(await text(response), 'thought')
})

t.test('early hints pass on', async (t) => {
  const client = request(`${origin}/open`).end()
  const informed = once(client, 'information')
  const [, upstream] = await nextExchange()
  upstream.writeEarlyHints({ link: '</style.css>; rel=preload; as=style', 'x-other': 'evil' })

  const [info] = await informed

  t.match(info, { statusCode: 103, headers: { link: '</style.css>; rel=preload; as=style' } })
  t.notMatch(JSON.stringify(info), 'evil')
  upstream.end('page')
  const [response] = (await once(client, 'response')) as [IncomingMessage]
  t.equal(await text(response), 'page')
})

t.test('Expect: 100-continue is answered here', async (t) => {
  const headers = { expect: '100-continue', 'content-length': '4' }
  const client = request(`${origin}/open`, { method: 'PUT', headers })
  client.flushHeaders()
  await once(client, 'continue')
  client.end('body')

  const [received, upstream] = await nextExchange()

  t.equal(received.headers.expect, undefined)
  t.equal(await text(received), 'body')
  upstream.end()
  const [response] = (await once(client, 'response')) as [IncomingMessage]
  response.resume()
  t.equal(response.statusCode, 200)
})

t.test('trailers of an answer pass on, but for those that belong before a body', async (t) => {
  const client = request(`${origin}/open`).end()
  const [, upstream] = await nextExchange()
  upstream.writeHead(200, { trailer: 'digest' })
  upstream.write('body')
  upstream.addTrailers({ digest: 'sha-256=x', 'set-cookie': 'toolgate=evil', vary: 'X-Evil' })
  upstream.end()

  const [response] = (await once(client, 'response')) as [IncomingMessage]

  t.equal(await text(response), 'body')
  t.same(response.trailers, { digest: 'sha-256=x' })
})

t.test('headers do not wait for a body that takes its time', async (t) => {
  const client = request(`${origin}/open`).end()
  const [, upstream] = await nextExchange()
  upstream.writeHead(200, { 'content-type': 'application/x-ndjson' })
  upstream.flushHeaders()

  const [response] = (await once(client, 'response')) as [IncomingMessage]

  upstream.end('{}')
  t.equal(await text(response), '{}')
})

t.test('an answer that the tool breaks off does not look whole', async (t) => {
  for (const headers of [{}, { 'content-length': '100' }]) {
    const client = request(`${origin}/open`).end()
    const [, upstream] = await nextExchange()
    upstream.writeHead(200, headers)
    upstream.write('half')
    const [response] = (await once(client, 'response')) as [IncomingMessage]
    await nextData(response)

    upstream.destroy()

    await t.rejects(text(response), { code: 'ECONNRESET' })
  }
})

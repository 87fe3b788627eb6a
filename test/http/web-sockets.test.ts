import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { type Data, WebSocket } from 'ws'
import { certificate, certificateFile } from '../support/certificates.ts'
import { freePort } from '../support/free-port.ts'
import { startStack } from '../support/stack.ts'
import { closeOf, mustOpen, nextMessage, openSocket, startSocketTool } from '../support/web-socket.ts'

const tool = await startSocketTool(t, {
  perMessageDeflate: { threshold: 0 },
  handleProtocols: (offered) => ['v2.chat', 'v1.chat'].find((protocol) => offered.has(protocol)) ?? false,
  maxPayload: 64 << 20,
})
const { origin } = await startStack(t, {
  config: {
    routes: [
      { name: 'open', path: '/open', upstream: tool.url, access: 'public' },
      { name: 'brief', path: '/brief', upstream: tool.url, access: 'public', timeouts: { idle: '1s' } },
    ],
  },
})
const url = `${origin}/open`
const plain = { perMessageDeflate: false }

/** Both ends of a WebSocket through the gateway. */
async function openBoth(test: Test, options: object = {}, path = '/open') {
  const connected = once(tool.sockets, 'connection')
  const client = await mustOpen(test, origin + path, options)
  const [server] = (await connected) as [WebSocket]
  return { client, server }
}

t.test('messages pass both ways as they are', async (t) => {
  const socket = await mustOpen(t, url, plain)
  const messages: readonly [Data, boolean][] = [
    ['text', false],
    ['', false],
    ['ä€😀', false],
    [Buffer.from([0, 255, 0x88, 0x81]), true],
    [randomBytes(125), true],
    [randomBytes(126), true],
    [randomBytes(65_536), true],
    [randomBytes(1 << 20), true],
  ]

  for (const [message, binary] of messages) {
    socket.send(message, { binary })
    const [data, isBinary] = await once(socket, 'message')
    t.ok(Buffer.from(message as Buffer).equals(data), `${data.length} bytes`)
    t.equal(isBinary, binary)
  }
})

t.test('a message in fragments arrives whole, with a ping in between', async (t) => {
  const { client, server } = await openBoth(t, plain)
  const pinged = once(server, 'ping')
  const answered = nextMessage(client)

  client.send('one ', { fin: false })
  client.ping('now')
  client.send('two ', { fin: false })
  client.send('three', { fin: true })

  t.equal(String((await pinged)[0]), 'now')
  t.equal(String(await answered), 'one two three')
})

t.test('compression is agreed on by the two, and passes', async (t) => {
  const socket = await mustOpen(t, url, { perMessageDeflate: { threshold: 0 } })
  t.match(socket.extensions, 'permessage-deflate')

  for (const text of ['x'.repeat(1 << 20), randomBytes(50_000).toString('hex')]) {
    socket.send(text)
    t.equal(String(await nextMessage(socket)), text)
  }
  t.equal((await mustOpen(t, url, plain)).extensions, '')
})

t.test('the subprotocol is chosen by the tool', async (t) => {
  t.equal((await mustOpen(t, url, { protocols: ['v1.chat', 'v2.chat'] })).protocol, 'v2.chat')
  t.equal((await mustOpen(t, url, { protocols: ['v1.chat'] })).protocol, 'v1.chat')
  t.equal((await mustOpen(t, url)).protocol, '')
})

t.test('pings are answered by the other side, not by us', async (t) => {
  const { client, server } = await openBoth(t)

  for (const [from, to] of [
    [client, server],
    [server, client],
  ] as const) {
    const pinged = once(to, 'ping')
    const ponged = once(from, 'pong')
    from.ping('are you there?')

    t.equal(String((await pinged)[0]), 'are you there?')
    t.equal(String((await ponged)[0]), 'are you there?')
  }
})

t.test('close codes and reasons pass both ways', async (t) => {
  for (const [code, reason] of [
    [1000, ''],
    [1000, 'done'],
    [1011, 'broken'],
    [4000, 'own'],
    [4999, 'ä'.repeat(60)],
  ] as const) {
    const { client, server } = await openBoth(t)
    const heard = closeOf(server)
    client.close(code, reason)
    t.same(await heard, [code, reason])
    t.same(await closeOf(client), [code, reason])

    const other = await openBoth(t)
    const told = closeOf(other.client)
    other.server.close(code, reason)
    t.same(await told, [code, reason])
    t.equal(other.client.readyState, WebSocket.CLOSED)
  }
})

t.test('when one side is gone, so is the other', async (t) => {
  const first = await openBoth(t)
  const heard = closeOf(first.server)
  first.client.terminate()
  t.same(await heard, [1006, ''])

  const second = await openBoth(t)
  const told = closeOf(second.client)
  second.server.terminate()
  t.same(await told, [1006, ''])
})

t.test('a side that breaks off takes the other along, which may be waiting for it', async (t) => {
  const breakOff = (socket: WebSocket) => (socket as unknown as { _socket: Socket })._socket.resetAndDestroy()
  for (const isBusy of [false, true]) {
    const first = await openBoth(t, plain)
    const second = await openBoth(t, plain)
    if (isBusy) {
      first.client.pause()
      second.server.pause()
      for (let i = 0; i < 16; i++) for (const from of [first.server, second.client]) from.send(randomBytes(1 << 20))
      await setTimeout(100)
    }
    const told = Promise.all([closeOf(first.server), closeOf(second.client)])

    breakOff(first.client)
    breakOff(second.server)

    t.same(await told, [
      [1006, ''],
      [1006, ''],
    ])
  }
})

t.test('what is written last arrives before the end', async (t) => {
  const { client, server } = await openBoth(t, plain)
  const last = randomBytes(4 << 20)
  const received = nextMessage(client)
  const told = closeOf(client)

  server.send(last)
  server.close(1000, 'that was all')

  t.ok(last.equals(await received))
  t.same(await told, [1000, 'that was all'])
})

for (const [sender, reader] of [
  ['tool', 'client'],
  ['client', 'tool'],
] as const) {
  t.test(`a ${sender} that sends faster than the ${reader} reads has to wait`, async (t) => {
    const { client, server } = await openBoth(t, plain)
    const [from, to] = sender === 'tool' ? [server, client] : [client, server]
    to.removeAllListeners('message')
    to.pause()
    const piece = randomBytes(1 << 20)
    for (let i = 0; i < 32; i++) from.send(piece)
    // Nothing moves any more once every buffer on the way is full.
    for (let before = -1; before !== from.bufferedAmount; ) {
      before = from.bufferedAmount
      await setTimeout(200)
    }

    t.ok(from.bufferedAmount > 16 << 20, `${from.bufferedAmount >> 20} of 32 MB wait where they were sent`)

    let bytes = 0
    const all = new Promise<void>((resolve) => {
      to.on('message', (data: Buffer) => {
        bytes += data.length
        if (bytes === 32 << 20) resolve()
      })
    })
    to.resume()
    await all
    t.equal(from.bufferedAmount, 0)
  })
}

t.test('what comes right behind the handshake is not lost', async (t) => {
  const { host, port } = new URL(origin)
  const raw = connect(Number(port), '127.0.0.1')
  t.teardown(() => raw.destroy())
  const hello = Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0x68, 0x69])
  const head = [
    'GET /open HTTP/1.1',
    `Host: ${host}`,
    'Upgrade: websocket',
    'Connection: Upgrade',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  ]
  raw.write(Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), hello]))

  let received = Buffer.alloc(0)
  const echoed = Buffer.from([0x81, 2, 0x68, 0x69])
  while (!received.includes(echoed)) received = Buffer.concat([received, (await once(raw, 'data'))[0]])

  t.match(received.toString('latin1'), /^HTTP\/1\.1 101 /)
  t.match(received.toString('latin1'), /sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=\r\n/i)
  t.same(received.subarray(-4), echoed)
})

t.test('a socket on which nothing passes is closed, one that is used is not', async (t) => {
  const silent = await mustOpen(t, `${origin}/brief`)
  const busy = await mustOpen(t, `${origin}/brief`)
  const timer = setInterval(() => busy.ping(), 200)
  t.teardown(() => clearInterval(timer))

  t.same(await closeOf(silent), [1001, 'idle'])
  await setTimeout(500)
  t.equal(busy.readyState, WebSocket.OPEN)
})

t.test('the silence that requests are allowed is no limit for a socket', async (t) => {
  const { gateway, origin } = await startStack(t, {
    config: { routes: [{ name: 'open', path: '/open', upstream: tool.url, access: 'public' }] },
  })
  gateway.app.server.setTimeout(500)
  gateway.app.server.requestTimeout = 500
  gateway.app.server.headersTimeout = 500
  const socket = await mustOpen(t, `${origin}/open`)

  await setTimeout(1_000)
  socket.send('still here')

  t.equal(String(await nextMessage(socket)), 'still here')
})

t.test('over TLS on both sides', async (t) => {
  const secure = await startSocketTool(t, {}, { cert: certificate('server.pem'), key: certificate('server.key') })
  const port = await freePort()
  const route = { name: 'open', path: '/open', upstream: secure.url, access: 'public' }
  await startStack(t, {
    config: {
      public_url: `https://127.0.0.1:${port}`,
      listen: {
        host: '127.0.0.1',
        port,
        tls: { cert: certificateFile('server.pem'), key: certificateFile('server.key') },
      },
      routes: [
        { ...route, tls: { ca: certificateFile('ca.pem') } },
        { ...route, name: 'unknown', path: '/unknown' },
      ],
    },
  })
  const ca = certificate('ca.pem')

  const socket = await mustOpen(t, `https://127.0.0.1:${port}/open`, { ca })
  const refused = await openSocket(t, `https://127.0.0.1:${port}/unknown`, { ca })

  socket.send('safely')
  t.equal(String(await nextMessage(socket)), 'safely')
  t.match(refused, { status: 502, body: /upstream_certificate/ })
})

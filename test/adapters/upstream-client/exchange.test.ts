import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import { setImmediate, setTimeout } from 'node:timers/promises'
import { createServer as createTlsServer } from 'node:tls'
import t from 'tap'
import { createUpstreamClient } from '../../../src/adapters/upstream-client/client.ts'
import type { UpstreamRequest } from '../../../src/core/upstream-client.ts'
import { certificate } from '../../support/certificates.ts'
import { aRoute } from '../../support/route.ts'
import { ok } from './answers.ts'
import { aBody, closing, get, short, startUpstream, until } from './upstream.ts'

t.test('an answer before the end of the request is passed on, and its connection is not used again', async (t) => {
  const { ask, sockets } = await startUpstream(t, (socket) => void socket.write(short))
  const body = aBody(100)
  const answer = ask({ method: 'POST', body: body.source })
  await until(() => body.sink !== undefined)
  body.sink?.write(Buffer.from('begin'))

  t.equal((await answer).body, 'ok')
  await closing(sockets[0])
  t.ok(body.sink?.write(Buffer.from('the rest is read and forgotten')))
  t.equal((await ask()).body, 'ok')
  t.equal(sockets.length, 2)
})

t.test('nothing that would break a request is sent', async (t) => {
  const { ask, sockets, received } = await startUpstream(t, (socket) => void socket.write(short))
  const broken: Partial<UpstreamRequest>[] = [
    ...['', '/a b', '/a\r\n', '/\u010a', '/a\tb', '/\0'].map((path) => ({ path })),
    ...['', 'GET /x', 'G\r\n', 'GÉT'].map((method) => ({ method })),
  ]

  for (const request of broken) await t.rejects(ask(request), RangeError, JSON.stringify(request))
  await until(() => sockets.every(({ destroyed }) => destroyed))
  t.same(received.join(''), '')
})

t.test('each step may take its time and no more', async (t) => {
  const timeouts = { connectMs: 2_000, responseMs: 150, idleMs: 300 }
  const late = await startUpstream(t, () => undefined, { timeouts })
  await t.rejects(late.ask(), { code: 'upstream_timeout' })

  const hesitating = await startUpstream(
    t,
    (socket) => {
      for (const [i, letter] of [...short].entries()) globalThis.setTimeout(() => socket.write(letter), i * 50)
    },
    { timeouts },
  )
  await t.rejects(hesitating.ask(), { code: 'upstream_timeout' }, 'a head comes whole in its time')

  const working = await startUpstream(
    t,
    (socket) => {
      for (const i of [1, 2, 3]) globalThis.setTimeout(() => socket.write('HTTP/1.1 102 Processing\r\n\r\n'), i * 80)
      globalThis.setTimeout(() => socket.write(short), 320)
    },
    { timeouts },
  )
  t.equal((await working.ask()).body, 'ok', 'one that says it is at work has time')

  const stopping = await startUpstream(t, (socket) => void socket.write(`${ok}Content-Length: 5\r\n\r\nhell`), {
    timeouts,
  })
  const before = Date.now()
  await t.rejects(stopping.ask(), { code: 'upstream_timeout' })
  t.ok(Date.now() - before > 250)

  const slow = await startUpstream(
    t,
    (socket) => {
      socket.write(`${ok}Content-Length: 4\r\n\r\n`)
      for (let i = 1; i <= 4; i++) globalThis.setTimeout(() => socket.write('x'), i * 100)
    },
    { timeouts },
  )
  t.equal((await slow.ask()).body, 'xxxx', 'as long as something comes')

  const silent = await startUpstream(
    t,
    (socket) => {
      socket.write(`${ok}Content-Length: 2\r\n\r\n`)
      globalThis.setTimeout(() => socket.write('ok'), 500)
    },
    { timeouts },
  )
  t.equal((await silent.ask({ listens: true })).body, 'ok', 'who listens hears nothing for long')

  const upload = await startUpstream(t, (socket, data) => void (data.endsWith('z') && socket.write(short)), {
    timeouts,
  })
  const body = aBody(2)
  const answer = upload.ask({ method: 'POST', body: body.source })
  await until(() => body.sink !== undefined)
  await setTimeout(400)
  body.sink?.write(Buffer.from('zz'))
  body.sink?.end()
  t.equal((await answer).body, 'ok', 'a request that takes its time is not the upstream being late')
})

t.test('what is given up is heard of no more, and its connection is closed', async (t) => {
  for (const answer of ['', ok, `${ok}Content-Length: 5\r\n\r\nhell`]) {
    const { ask, sockets, received } = await startUpstream(t, (socket) => void socket.write(answer))
    const asked = ask()
    let settled = false
    const settle = () => {
      settled = true
    }
    asked.then(settle, settle)
    await until(() => received[0] !== undefined && received[0] !== '')
    await setTimeout(20)

    asked.abort()

    await closing(sockets[0])
    await setImmediate()
    t.notOk(settled)
  }

  const { ask, sockets } = await startUpstream(t, (socket) => void socket.write(short))
  const over = ask()
  await over
  await setImmediate()
  const next = ask()
  over.abort()
  t.equal((await next).body, 'ok', 'one that is over cannot be given up in the place of the next')
  t.equal(sockets.length, 1)
})

t.test('a connection that has switched protocols is handed over with what had come', async (t) => {
  const { client, received } = await startUpstream(t, (socket, data) => {
    if (data.startsWith('GET')) socket.write('HTTP/1.1 101 Switching Protocols\r\nX-A: b\r\n\r\nfirst')
    else socket.end(`got ${data}`)
  })
  const [connection, headers] = await new Promise<[Duplex, readonly string[]]>((resolve, reject) => {
    client.send(
      { ...get, upgrade: true },
      {
        informed: () => undefined,
        began: () => reject(new Error('no')),
        received: () => undefined,
        waiting: () => true,
        ended: () => undefined,
        switched: (connection, headers) => resolve([connection, headers]),
        failed: reject,
      },
    )
  })
  let text = ''
  connection.on('data', (data) => {
    text += data
  })
  connection.resume()
  connection.write('second')
  await once(connection, 'end')

  t.same(headers, ['x-a', 'b'])
  t.equal(text, 'firstgot second')
  t.match(received[0], 'connection: upgrade\r\nupgrade: websocket\r\n\r\n')
})

t.test('nothing is sent to an upstream whose certificate is not verified', async (t) => {
  let received = ''
  const server = createTlsServer({ cert: certificate('self-signed.pem'), key: certificate('self-signed.key') })
  server.on('secureConnection', (socket) => {
    socket.on('error', () => undefined)
    socket.on('data', (data) => {
      received += data
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const address = server.address()
  const origin = `https://localhost:${typeof address === 'object' ? address?.port : ''}`
  const client = createUpstreamClient(aRoute({ upstream: { origin, prefix: undefined, tls: undefined } }))

  const failure = await new Promise((resolve) => {
    const never = () => t.fail('was answered')
    const heard = { informed: never, began: never, received: never, ended: never, switched: never }
    client.send(get, { ...heard, waiting: () => true, failed: resolve })
  })

  t.match(failure, { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' })
  await setTimeout(50)
  t.equal(received, '')
})

import type { Socket } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import t from 'tap'
import { fieldLines } from '../../../src/core/field-lines.ts'
import { ok } from './answers.ts'
import { aBody, closing, short, startUpstream, until } from './upstream.ts'

t.test('requests that follow each other share a connection, those at a time have one each', async (t) => {
  const { ask, sockets, received } = await startUpstream(t, (socket) => void socket.write(short))

  t.same(await ask(), { status: 200, body: 'ok', trailers: [] })
  await setImmediate()
  t.match(await ask({ method: 'POST', headers: fieldLines(['host', 'y', 'x-a', '\xe4']) }), { body: 'ok' })
  t.equal(sockets.length, 1)
  t.equal(
    received[0],
    'GET /a?b HTTP/1.1\r\nhost: x\r\nconnection: keep-alive\r\n\r\n' +
      'POST /a?b HTTP/1.1\r\nhost: y\r\nx-a: \xe4\r\ncontent-length: 0\r\nconnection: keep-alive\r\n\r\n',
  )

  await setImmediate()
  await Promise.all([ask(), ask(), ask()])
  t.equal(sockets.length, 3)
})

t.test('what comes behind an answer, or to nobody, is never the next answer', async (t) => {
  const evil = `${ok}Content-Length: 4\r\n\r\nevil`
  const cases: ((socket: Socket) => void)[] = [
    (socket) => socket.write(short + evil),
    (socket) => socket.write(short, () => socket.write(evil)),
    (socket) => socket.write(`${short}\r\n`),
    (socket) => socket.write(`${short}H`),
  ]

  for (const answer of cases) {
    const { ask, sockets } = await startUpstream(t, (socket, _data, nth) =>
      nth === 0 ? answer(socket) : socket.write(short),
    )
    const closed = ask().then(() => closing(sockets[0]))
    // At once, and when all has arrived.
    const [{ body }] = await Promise.all([ask(), closed])
    t.equal(body, 'ok')
    t.equal((await ask()).body, 'ok')
  }

  const { ask, sockets } = await startUpstream(t, (socket) => void socket.write(short))
  await ask()
  await setImmediate()
  const next = ask()
  sockets[0]?.write(evil)
  t.equal((await next).body, 'ok', 'what came before the request was written is not its answer')
  t.equal((await ask()).body, 'ok')
})

t.test('what a dead connection did not take goes over a new one, whatever it is', async (t) => {
  const deaths = [(socket?: Socket) => socket?.write('H'), (socket?: Socket) => socket?.resetAndDestroy()]
  for (const die of deaths) {
    const { ask, sockets, received } = await startUpstream(t, (socket, data) => {
      if (data.endsWith('\r\n\r\n') || data.endsWith('!')) socket.write(short)
    })
    await ask()
    await setImmediate()
    const body = aBody(1)
    const post = ask({ method: 'POST', path: '/post', body: body.source })
    die(sockets[0])
    await until(() => body.sink !== undefined)
    body.sink?.write(Buffer.from('!'))
    body.sink?.end()

    t.equal((await post).body, 'ok')
    t.notMatch(received[0], '/post')
    t.match(received[1], '/post')
  }
})

t.test('a connection is not used again when the upstream does not keep it', async (t) => {
  const answers = [
    `${ok}Connection: close\r\nContent-Length: 2\r\n\r\nok`,
    'HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok',
    `${ok}Keep-Alive: timeout=1\r\nContent-Length: 2\r\n\r\nok`,
  ]
  for (const answer of answers) {
    const { ask, sockets } = await startUpstream(t, (socket) => void socket.write(answer))
    await ask()
    await closing(sockets[0])
    await ask()
    t.equal(sockets.length, 2, answer)
  }

  const ending = await startUpstream(t, (socket) => void socket.end(`${ok}\r\nok`))
  t.equal((await ending.ask()).body, 'ok')
  t.equal((await ending.ask()).body, 'ok')
  t.equal(ending.sockets.length, 2)
})

t.test('connections at rest are closed after a while, before the upstream would, or when the client is', async (t) => {
  const timeouts = { connectMs: 100, responseMs: 100, idleMs: 100 }
  const soon = `${ok}Keep-Alive: max=5, timeout=2\r\nContent-Length: 2\r\n\r\nok`
  const { ask, sockets, client } = await startUpstream(t, (socket) => void socket.write(soon), { timeouts })
  await ask()
  const before = Date.now()
  await closing(sockets[0])
  t.ok(Date.now() - before > 800 && Date.now() - before < 1_900, `${Date.now() - before} ms`)

  await ask()
  const last = ask()
  client.close()
  await closing(sockets[1])
  t.equal((await last).body, 'ok', 'what is under way goes on')
  await until(() => sockets.every(({ destroyed }) => destroyed))
})

t.test('a connection that had died is replaced once, for what is idempotent and has no body', async (t) => {
  let perConnection = 1
  const served = new Map<number, number>()
  const { ask, received } = await startUpstream(t, (socket, data, nth) => {
    served.set(nth, (served.get(nth) ?? 0) + 1)
    if ((served.get(nth) ?? 0) > perConnection) socket.destroy()
    else socket.write(data.startsWith('HEAD') ? `${ok}\r\n` : short)
  })

  for (const method of ['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']) {
    await ask()
    await setImmediate()
    await t.resolves(ask({ method, path: `/${method}` }), method)
    t.equal(received.filter((text) => text.includes(`/${method} `)).length, 2)
    await setImmediate()
    await t.rejects(ask({ method: 'POST', path: `/after-${method}` }))
    t.equal(received.filter((text) => text.includes(`/after-${method} `)).length, 1)
  }

  await ask()
  await setImmediate()
  const body = aBody(1)
  const put = ask({ method: 'PUT', path: '/body', body: body.source })
  await until(() => body.sink !== undefined)
  await t.rejects(put)

  perConnection = 0
  const before = received.length
  await t.rejects(ask({ path: '/never' }), { message: 'no answer came' })
  t.equal(received.length - before, 2, 'once more, not for ever')
})

t.test('nothing is asked again once something of the answer has come', async (t) => {
  for (const beginning of ['H', ok, `${ok}Content-Length: 5\r\n\r\nhell`]) {
    const { ask, sockets } = await startUpstream(t, (socket) => void socket.end(beginning))

    await t.rejects(ask())
    t.equal(sockets.length, 1)
  }
})

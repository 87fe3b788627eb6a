import { setImmediate } from 'node:timers/promises'
import t from 'tap'
import type { BodySink } from '../../../src/core/upstream-client.ts'
import { aBody, closing, short, startUpstream, until } from './upstream.ts'

t.test('a body goes as it is where its length is known, and in chunks otherwise', async (t) => {
  const { ask, received } = await startUpstream(t, (socket, data) => {
    if (data.endsWith('!') || data.endsWith('0\r\n\r\n')) socket.write(short)
  })
  for (const [nth, length] of [6, undefined].entries()) {
    const body = aBody(length)
    const answer = ask({ method: 'POST', body: body.source })
    await until(() => body.sink !== undefined)
    body.sink?.write(Buffer.from('hel'))
    body.sink?.write(Buffer.from(''))
    body.sink?.write(Buffer.from('lo!'))
    body.sink?.end()
    t.equal((await answer).body, 'ok')
    const [, framing = '', sent] =
      /host: x\r\n(.*)\r\nconnection: keep-alive\r\n\r\n(.*)$/s.exec(received[0] ?? '') ?? []
    t.equal(framing.split('\r\n').at(-1), nth === 0 ? 'content-length: 6' : 'transfer-encoding: chunked')
    t.equal(sent, nth === 0 ? 'hello!' : '3\r\nhel\r\n3\r\nlo!\r\n0\r\n\r\n')
    await setImmediate()
    received[0] = ''
  }
})

t.test('what there is of a body when its request is sent goes out together with the head', async (t) => {
  const came: string[] = []
  const { ask } = await startUpstream(t, (socket, data) => {
    came.push(data)
    socket.write(short)
  })
  const flow = (sink: BodySink) => {
    sink.write(Buffer.from('hello!'))
    sink.end()
    return () => undefined
  }

  for (const length of [6, undefined]) {
    await ask({ method: 'POST', body: { length, flow } })
    await setImmediate()
  }

  t.equal(came.length, 2)
  t.match(came[0], /\r\n\r\nhello!$/)
  t.match(came[1], /\r\n\r\n6\r\nhello!\r\n0\r\n\r\n$/)
})

t.test('a body of another length than it said fails, and so does the connection', async (t) => {
  for (const text of ['hell', 'hello!']) {
    const { ask, sockets, received } = await startUpstream(t, () => undefined)
    const body = aBody(5)
    const answer = ask({ method: 'POST', body: body.source })
    await until(() => body.sink !== undefined)
    body.sink?.write(Buffer.from(text))
    body.sink?.end()

    await t.rejects(answer, { message: /than it said/ })
    await closing(sockets[0])
    t.notMatch(received[0], 'hello!')
  }
})

t.test('a body that breaks off is no whole request, and its failure is what is heard', async (t) => {
  const { ask, received, sockets } = await startUpstream(t, () => undefined)
  const body = aBody(undefined)
  const answer = ask({ method: 'POST', body: body.source })
  await until(() => body.sink !== undefined)
  body.sink?.write(Buffer.from('half'))
  body.sink?.fail(new Error('too large'))
  body.sink?.write(Buffer.from('rest'))
  body.sink?.end()

  await t.rejects(answer, { message: 'too large' })
  await until(() => sockets.every(({ destroyed }) => destroyed))
  t.notMatch(received[0] ?? '', /rest|\r\n0\r\n/)
})

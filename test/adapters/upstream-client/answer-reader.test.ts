import t from 'tap'
import { ok, readAnswer } from './answers.ts'

t.test('an answer is its head and as many bytes as it says', async (t) => {
  const answer = readAnswer([`${ok}Content-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello`])

  t.match(answer, {
    status: 200,
    headers: ['content-type', 'text/plain', 'content-length', '5'],
    body: 'hello',
    keeps: true,
    fault: undefined,
  })
})

t.test('a chunked answer is put together, its extensions are not heeded, its trailers are told', async (t) => {
  const chunks = '5\r\nhello\r\n6;a=b;c="d e"\r\n world\r\n00\r\nDigest: x\r\nX-More:  y \r\n\r\n'

  t.match(readAnswer([`${ok}Transfer-Encoding: Chunked\r\n\r\n${chunks}`]), {
    body: 'hello world',
    trailers: ['digest', 'x', 'x-more', 'y'],
    keeps: true,
  })
})

t.test('without any length an answer ends with its connection', async (t) => {
  t.match(readAnswer([`${ok}\r\nsome`, 'thing'], { closes: true }), {
    body: 'something',
    keeps: false,
    fault: undefined,
  })
  t.match(readAnswer([`${ok}\r\n`], { closes: true }), { body: '', keeps: false, fault: undefined })
  t.match(readAnswer([`${ok}\r\nsome`]), { body: 'some', trailers: undefined })
})

t.test('some answers have no body, whatever their headers say', async (t) => {
  const length = 'Content-Length: 5\r\n\r\n'
  const bare = [
    readAnswer([`${ok}${length}`], { method: 'HEAD' }),
    readAnswer([`${ok}Transfer-Encoding: chunked\r\n\r\n`], { method: 'HEAD' }),
    readAnswer([`${ok}\r\n`], { method: 'HEAD' }),
    readAnswer([`HTTP/1.1 204 No Content\r\n\r\n`]),
    readAnswer([`HTTP/1.1 304 Not Modified\r\n${length}`]),
    readAnswer([`${ok}Content-Length: 0\r\n\r\n`]),
  ]

  for (const answer of bare) t.match(answer, { body: '', trailers: [], keeps: true, fault: undefined })
})

t.test('informational answers come before the answer, any number of them', async (t) => {
  const hints = 'HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n'

  t.match(readAnswer([`HTTP/1.1 100 Continue\r\n\r\n${hints}${hints}${ok}Content-Length: 1\r\n\r\nx`]), {
    informed: [100, 103, 103],
    status: 200,
    body: 'x',
    keeps: true,
  })
})

t.test('protocols are switched only where that was asked for; what follows is no HTTP', async (t) => {
  const switching = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n'

  t.match(readAnswer([`${switching}\x81\x01a`, 'HTTP/1.1'], { upgrade: true }), { switched: '\x81\x01aHTTP/1.1' })
  t.match(readAnswer([switching]), { switched: undefined, fault: /unasked/ })
  t.match(readAnswer([`${ok}Content-Length: 2\r\n\r\nno`], { upgrade: true }), { status: 200, body: 'no' })
})

t.test(
  'a connection is kept only when both sides know where the answer ended and nothing came behind it',
  async (t) => {
    const body = 'Content-Length: 1\r\n\r\nx'
    const kept = [`${ok}${body}`, `${ok}Connection: keep-alive\r\n${body}`, `${ok}Connection: closed, x\r\n${body}`]
    const dropped = [
      `${ok}Connection: close\r\n${body}`,
      `${ok}Connection: x,  CLOSE\r\n${body}`,
      `${ok}Connection: x\r\nConnection: close\r\n${body}`,
      `HTTP/1.0 200 OK\r\n${body}`,
      `HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n${body}`,
      `${ok}${body}\r\n`,
      `${ok}${body}${ok}${body}`,
      `${ok}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nx`,
      'HTTP/1.1 204 No Content\r\n\r\nx',
    ]

    for (const answer of kept) t.match(readAnswer([answer]), { status: 200, keeps: true }, answer)
    for (const answer of dropped) t.match(readAnswer([answer]), { keeps: false, fault: undefined }, answer)
    t.match(readAnswer([`${ok}${body}`, 'HTTP/1.1 200 OK']), { body: 'x', keeps: false })
  },
)

t.test('what could be read in two ways, or is no HTTP, is refused', async (t) => {
  const faults = [
    ...['', 'HTTP/2 200 OK\r\n', 'HTTP/1.2 200 OK\r\n', 'HTTP/1.1 20 OK\r\n', 'HTTP/1.1 2000 OK\r\n'],
    ...[
      'http/1.1 200 OK\r\n',
      'HTTP/1.1  200 OK\r\n',
      ' HTTP/1.1 200 OK\r\n',
      '\r\nHTTP/1.1 200 OK\r\n',
      'ICY 200 OK\r\n',
    ],
    ...['HTTP/1.1 099 No\r\n', 'HTTP/1.1 200 O\nK\r\n', 'HTTP/1.1 200 O\0K\r\n', 'HTTP/1.1 -20 OK\r\n'],
    ...['Content-Length: 5\r\nContent-Length: 5\r\n', 'Content-Length: 5\r\nContent-Length: 6\r\n'],
    ...['5, 5', '+5', '-5', '5 5', '0x5', '5.0', '', '5;', '\xb2', '9999999999999999'].map(
      (n) => `Content-Length: ${n}\r\n`,
    ),
    ...['Content-Length: 5\r\nTransfer-Encoding: chunked\r\n', 'Transfer-Encoding: chunked\r\nContent-Length: 0\r\n'],
    ...['gzip', 'gzip, chunked', 'chunked, chunked', 'identity', '', 'xchunked', 'chunked;a=b', 'chunked\x0b'].map(
      (coding) => `Transfer-Encoding: ${coding}\r\n`,
    ),
    'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n',
    ...['A: b\r\n folded\r\n', 'A: b\r\n\tfolded\r\n', ' A: b\r\n', 'A : b\r\n', ': b\r\n', 'A\r\n', 'A b: c\r\n'],
    ...[
      'A: b\nC: d\r\n',
      'A: b\rC: d\r\n',
      'A: b\r\r\n',
      'A: \0\r\n',
      'A: \x1b\r\n',
      'A\0: b\r\n',
      '\xe4: b\r\n',
      'A: \x7f\r\n',
    ],
    ...['"A": b\r\n', 'A(: b\r\n', 'A\x80: b\r\n'],
  ].map((lines) => (/HTTP\/|ICY|http\//.test(lines) || lines === '' ? `${lines}\r\n` : `${ok}${lines}\r\n`))

  for (const answer of faults) {
    const { fault, status } = readAnswer([`${answer}\r\n\r\n`])
    t.ok(fault, JSON.stringify(answer))
    t.equal(status, undefined, 'nothing of it is passed on')
  }
  t.match(readAnswer(['HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n']), { fault: /two ways/ })
})

t.test('what is unusual and clear is passed on as it is', async (t) => {
  const length = 'Content-Length: 0\r\n\r\n'
  const statuses = ['HTTP/1.1 200\r\n', 'HTTP/1.1 200 \r\n', 'HTTP/1.1 200 \xc4\t!\r\n', 'HTTP/1.1 999 What\r\n']
  for (const line of statuses) t.match(readAnswer([line + length]), { body: '', keeps: true, fault: undefined }, line)

  t.match(readAnswer([`${ok}A:b\r\nA: \t c\xa0 \t\r\nB:\r\nconstructor: \xe4"=\r\n${length}`]), {
    headers: ['a', 'b', 'a', 'c\xa0', 'b', '', 'constructor', '\xe4"=', 'content-length', '0'],
  })
})

t.test('a body that is not chunked as it says is refused', async (t) => {
  const bodies = [
    ...['x\r\n', '\r\n', '-1\r\na', '0x1\r\na', '+1\r\na', '1 \r\na\r\n', ' 1\r\na\r\n', '1\na\r\n', '1\r\r\na\r\n'],
    ...[
      '1\r\nab\r\n',
      '1\r\na\n',
      '1\r\na0\r\n',
      '1\r\na\r\r\n',
      '1;a\0\r\na\r\n',
      '1;a\rb\r\na\r\n',
      '1000000000000\r\n',
    ],
    ...[
      '0\r\nA\r\n\r\n',
      '0\r\nA : b\r\n\r\n',
      '0\r\n A: b\r\n\r\n',
      '0\r\nA: b\n\r\n',
      '0\r\n\n',
      '0\r\nA: \0\r\n\r\n',
    ],
    ...['1;'.padEnd(2000, 'x'), `0\r\n${'A: b\r\n'.repeat(12_000)}`],
  ]

  for (const body of bodies) {
    const { fault, trailers } = readAnswer([`${ok}Transfer-Encoding: chunked\r\n\r\n${body}`])
    t.ok(fault, JSON.stringify(body.slice(0, 20)))
    t.equal(trailers, undefined, 'it does not look whole')
  }
})

t.test('an answer that the connection does not bring to its end is not whole', async (t) => {
  const cut = [
    ...['', 'HTTP/1.1 2', `${ok}A: b\r\n`, `${ok}Content-Length: 5\r\n\r\n`, `${ok}Content-Length: 5\r\n\r\nhell`],
    ...['', '5', '5\r\nhell', '5\r\nhello', '5\r\nhello\r\n', '0\r\n', '0\r\nA: b\r\n'].map(
      (body) => `${ok}Transfer-Encoding: chunked\r\n\r\n${body}`,
    ),
  ]

  for (const answer of cut) {
    t.match(
      readAnswer(answer === '' ? [] : [answer], { closes: true }),
      { trailers: undefined, fault: /ended/ },
      answer,
    )
  }
})

t.test('a head of more than 64 KB is refused, before its end has come too', async (t) => {
  const long = `A: ${'x'.repeat(1000)}\r\n`.repeat(66)

  t.match(readAnswer([`${ok}${long}\r\n`]), { fault: /too long/ })
  t.match(readAnswer([`${ok}${long}`]), { fault: /too long/ })
  t.match(readAnswer([`${ok}${long.slice(0, 60_000)}`, long.slice(0, 10_000)]), { fault: /too long/ })
  t.match(readAnswer([`${ok}${`A: ${'x'.repeat(1000)}\r\n`.repeat(60)}Content-Length: 0\r\n\r\n`]), { keeps: true })
})

t.test('nothing that comes unasked is taken for an answer', async (t) => {
  const { createAnswerReader } = await import('../../../src/adapters/upstream-client/answer-reader.ts')
  const never = () => t.fail('was heard')
  const reader = createAnswerReader({
    ...{ informed: never, began: never, received: never, ended: never, switched: never },
  })

  t.throws(() => reader.read(Buffer.from(`${ok}Content-Length: 0\r\n\r\n`)), { message: /nobody/ })
  t.doesNotThrow(() => reader.close())
})

t.test('wherever an answer is cut on its way, it is read the same', async (t) => {
  const hints = 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n'
  const answers: [string, Parameters<typeof readAnswer>[1]?][] = [
    [`${hints}${ok}Content-Type: a/b\r\nContent-Length: 11\r\n\r\nhello\r\n\r\n\0\xff`],
    [
      `${ok}Transfer-Encoding: chunked\r\n\r\n5;x="y"\r\nhello\r\n1\r\n\n\r\nA\r\n\r\n0123456789\r\n0\r\nDigest: x\r\n\r\n`,
    ],
    [`${ok}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\nHTTP/1.1 200 OK`],
    [`${ok}Connection: close\r\n\r\nuntil\r\n\r\nthe end`, { closes: true }],
    [`${ok}Content-Length: 5\r\n\r\n`, { method: 'HEAD' }],
    ['HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\x81\x02hi', { upgrade: true }],
    [`${ok}Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc`],
    [`${ok}Transfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n`],
    [`${ok}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nbad trailer\r\n\r\n`],
    [`${ok}Content-Length: 30\r\n\r\nshort`, { closes: true }],
  ]

  for (const [answer, reading] of answers) {
    const whole = readAnswer([answer], reading)
    for (let at = 1; at < answer.length; at++) {
      const cut = readAnswer([answer.slice(0, at), answer.slice(at)], reading)
      // How much of a body came through before the fault depends on the pieces; that there is one does not.
      t.strictSame(cut, whole.fault === undefined ? whole : { ...whole, body: cut.body }, `${answer} cut at ${at}`)
    }
    const bytes = readAnswer([...answer], reading)
    t.strictSame(bytes, whole.fault === undefined ? whole : { ...whole, body: bytes.body }, `${answer} byte by byte`)
  }
})

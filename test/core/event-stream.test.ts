import t from 'tap'
import { createEventStream, isOpenEventStream } from '../../src/core/event-stream.ts'

/** What a client hears that is asked for at each bar. */
function heard(...pieces: readonly string[]) {
  const stream = createEventStream()
  let text = ''
  for (const piece of pieces) {
    if (piece === '|') text += stream.due() ?? ''
    else {
      stream.passed(Buffer.from(piece))
      text += piece
    }
  }
  return text
}
const comment = ': keep-alive\n\n'

t.test('a comment comes when nothing has passed between two looks, and again after each further one', async (t) => {
  t.equal(heard('|'), '')
  t.equal(heard('|', '|'), comment, 'also before the first event')
  t.equal(heard('|', '|', '|'), comment + comment)
  t.equal(heard('data: 1\n\n', '|'), 'data: 1\n\n')
  t.equal(heard('data: 1\n\n', '|', '|'), `data: 1\n\n${comment}`)
  t.equal(heard('|', 'data: 1\n\n', '|', 'data: 2\n\n', '|'), 'data: 1\n\ndata: 2\n\n', 'not while events pass')
})

t.test('no comment stands in an event, wherever a piece is cut', async (t) => {
  const event = 'id: 1\r\nevent: message\r\ndata: {"a":1}\r\ndata: x\r\n\r\n'
  for (const whole of [event, event.replaceAll('\r\n', '\n')]) {
    for (let at = 1; at < whole.length; at++) {
      const [first, rest] = [whole.slice(0, at), whole.slice(at)]
      t.equal(heard(first, '|', '|', rest), whole, JSON.stringify(first))
      t.equal(heard(first, rest, '|', '|'), whole + comment, JSON.stringify(first))
    }
    t.equal(heard(...whole, '|', '|'), whole + comment, 'byte by byte')
    t.equal(heard(whole + whole, '|', '|', whole), whole + whole + comment + whole)
  }
  t.equal(heard('\n', '|', '|'), `\n${comment}`)
  t.equal(heard(': ping\n', '|', '|'), ': ping\n', 'a line that an event may follow')
  t.equal(heard('data: 1\r\n\r', '|', '|', '\n'), 'data: 1\r\n\r\n', 'the line is not over')
})

t.test('an answer that is no plain event stream gets no comments', async (t) => {
  const stream = ['content-type', 'text/event-stream']

  t.ok(isOpenEventStream(200, stream))
  t.ok(isOpenEventStream(200, ['vary', 'origin', 'content-type', 'Text/Event-Stream; charset=utf-8']))
  t.notOk(isOpenEventStream(202, stream))
  t.notOk(isOpenEventStream(200, [...stream, 'content-encoding', 'gzip']))
  t.notOk(isOpenEventStream(200, [...stream, 'content-length', '9']))
  t.notOk(isOpenEventStream(200, ['content-type', 'text/event-streams']))
  t.notOk(isOpenEventStream(200, ['content-type', 'application/json']))
  t.notOk(isOpenEventStream(200, []))
})

import t from 'tap'
import { fieldLines } from '../../src/core/field-lines.ts'

t.test('headers become lines, their names in lower case', async (t) => {
  t.equal(fieldLines(['Host', 'x', 'X-A', '\xe4\t"', 'x-a', '']), 'host: x\r\nx-a: \xe4\t"\r\nx-a: \r\n')
})

t.test('nothing becomes a line that would be read as more than a header', async (t) => {
  const values = ['a\r\nb: c', 'a\nb', 'a\rb', 'a\0', '\x7f', '\x01', '\u010a', '\u{1f600}']
  const names = ['', 'x y', 'x:', 'x\r\n', '\xe4']

  for (const value of values) t.throws(() => fieldLines(['x', value]), RangeError, JSON.stringify(value))
  for (const name of names) t.throws(() => fieldLines([name, '1']), RangeError, JSON.stringify(name))
})

t.test('what is for one connection, and how a body is framed, is not said here', async (t) => {
  for (const name of ['Content-Length', 'transfer-encoding', 'connection', 'upgrade', 'te', 'expect', 'Trailer']) {
    t.throws(() => fieldLines([name, '1']), RangeError, name)
  }
})

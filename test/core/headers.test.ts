import t from 'tap'
import {
  connectionOptions,
  headerList,
  headerText,
  headerValues,
  isHeaderList,
  isHopByHop,
  varyBy,
} from '../../src/core/headers.ts'

t.test('all values of a name are found, whatever its case, and no value passes for a name', async (t) => {
  const raw = ['A', '1', 'b', 'a', 'a', '2', 'c', 'x', 'x', 'c']

  t.strictSame(headerValues(raw, 'a'), ['1', '2'])
  t.strictSame(headerValues(raw, 'x'), ['c'])
  t.equal(headerText(raw, 'a'), '1,2')
  t.equal(headerText(raw, 'a', ';'), '1;2')
  t.equal(headerText(raw, 'd'), undefined)
})

t.test('headers of one connection by nature', async (t) => {
  const named = ['connection', 'keep-alive', 'proxy-connection', 'proxy-authenticate', 'proxy-authorization']

  for (const name of [...named, 'te', 'trailer', 'transfer-encoding', 'upgrade']) t.ok(isHopByHop(name), name)
  for (const name of ['content-length', 'via', 'proxy', 'trailers', '']) t.notOk(isHopByHop(name), name)
})

t.test('headers of one connection by name', async (t) => {
  t.strictSame(connectionOptions('Keep-Alive, X-Named ,te'), ['keep-alive', 'x-named', 'te'])
  t.strictSame(connectionOptions(undefined), [])
})

t.test('a list of header names holds nothing else', async (t) => {
  for (const list of ['a', 'A, b-c', "x_y,!#$%&'*+-.^`|~9"]) t.ok(isHeaderList(list), list)
  for (const list of ['', 'a,', ',a', 'a b', 'a, b;c', 'a:', '(a)', 'a\nb', 'é', '"a"', 'a/b', 'a@b']) {
    t.notOk(isHeaderList(list), list)
  }
})

t.test('what an answer varies by is named once', async (t) => {
  t.equal(varyBy(undefined, ['Origin']), 'Origin')
  t.equal(varyBy('Accept , origin', ['Origin']), 'Accept , origin')
  t.equal(varyBy(' Origin ', ['Origin', 'Cookie']), ' Origin , Cookie')
  t.equal(varyBy(['Accept', 'TE'], ['Origin']), 'Accept,TE, Origin')
  t.equal(varyBy('a, *', ['Origin']), 'a, *')
})

t.test('a list of which nothing can be said is none', async (t) => {
  t.equal(headerList([]), undefined)
  t.equal(headerList(['\n']), undefined)
  t.equal(headerList(['%', 'a']), '%25,a')
})

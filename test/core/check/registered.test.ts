import t from 'tap'
import { difference, findRegistered, neighbours } from '../../../src/core/check/registered.ts'

const local = 'http://localhost:8080/oauth/callback'
const remote = 'https://tools.acme.io/oauth/callback'

t.test('neighbours differ in one thing in the first round, in several in the second', async (t) => {
  const rows = [
    [local, 0, `${local}/`, 'the slash at the end'],
    [local, 0, 'http://localhost:8080/OAuth/callback', 'letter case'],
    [local, 0, 'http://localhost:8080/oauth/Callback', 'letter case'],
    [local, 0, 'http://localhost:8080/OAUTH/CALLBACK', 'letter case'],
    [local, 0, 'http://Localhost:8080/oauth/callback', 'letter case of the host'],
    [local, 0, 'http://127.0.0.1:8080/oauth/callback', 'the host'],
    [local, 0, 'http://[::1]:8080/oauth/callback', 'the host'],
    [local, 0, 'https://localhost:8080/oauth/callback', 'the scheme (http or https)'],
    [local, 0, 'http://localhost:3000/oauth/callback', 'the port'],
    [local, 0, 'http://localhost:80/oauth/callback', 'the port'],
    [local, 0, 'http://localhost/oauth/callback', 'the port'],
    [local, 1, 'http://127.0.0.1:3000/oauth/callback', 'the host and the port'],
    [local, 1, 'http://127.0.0.1:8080/oauth/callback/', 'the host and the slash at the end'],
    [local, 1, 'http://localhost:8080/oauth2/callback', 'the path'],
    [remote, 0, 'http://tools.acme.io/oauth/callback', 'the scheme (http or https)'],
    [remote, 0, 'https://tools.acme.io:443/oauth/callback', 'the port'],
    [remote, 0, 'https://Tools.acme.io/oauth/callback', 'letter case of the host'],
    [remote, 1, 'https://tools.acme.io:8443/oauth/callback/', 'the port and the slash at the end'],
    [`${local}/`, 0, local, 'the slash at the end'],
  ] as const

  for (const [ours, round, theirs, words] of rows) {
    t.ok(neighbours(ours)[round]?.includes(theirs), `${ours} ${theirs}`)
    t.equal(difference(ours, theirs), words)
  }
})

t.test('no neighbour is asked for twice, nor the address itself, and there are not too many', async (t) => {
  for (const url of [local, remote, 'https://tools.acme.io/a/b/c/d/e/callback/second', 'http://[::1]:9/x/callback']) {
    const all = neighbours(url).flat()

    t.equal(new Set(all).size, all.length)
    t.notOk(all.includes(url))
    t.ok(all.length < 150, String(all.length))
    t.ok(all.every((candidate) => URL.canParse(candidate)))
  }
})

t.test('the registered ones of the first round that has any are found, a few asked at a time', async (t) => {
  const registered = ['a3', 'a1', 'b1']
  const asked: string[] = []
  let open = 0
  let most = 0
  const isRegistered = async (url: string) => {
    asked.push(url)
    most = Math.max(most, ++open)
    await new Promise(setImmediate)
    open -= 1
    return registered.includes(url)
  }
  const rounds = [Array.from({ length: 30 }, (_, index) => `a${index}`), ['b1']]

  t.strictSame(await findRegistered(rounds, isRegistered), ['a1', 'a3'])
  t.notOk(asked.includes('b1'))
  t.equal(most, 8)
  t.strictSame(await findRegistered([['c'], ['b1']], isRegistered), ['b1'])
  t.strictSame(await findRegistered([['c'], ['d']], isRegistered), [])
})

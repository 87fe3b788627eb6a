import t from 'tap'
import { isRegistered, redirectKind, redirectPlace } from '../../../src/core/mcp/redirect-uri.ts'

t.test('a code goes to a web page over https, to an app on the same machine, or to a scheme of an app', async (t) => {
  const kinds = {
    web: ['https://app.test/callback', 'https://app.test:8443/a?b=c', 'https://app.test'],
    loopback: ['http://localhost/cb', 'http://localhost:33418', 'http://127.0.0.1:1/cb', 'http://[::1]:8080/'],
    private_use: ['cursor://anysphere.cursor-retrieval/oauth', 'com.example.app:/cb', 'vscode://x'],
  }

  for (const [kind, uris] of Object.entries(kinds)) {
    for (const uri of uris) t.equal(redirectKind(uri), kind, uri)
  }
})

t.test('what runs code, reads files, is no app or is not what a browser would read is no redirect URI', async (t) => {
  const schemes = 'javascript data vbscript file blob about filesystem view-source jar ws wss ftp mailto tel sms'

  for (const scheme of schemes.split(' ')) t.equal(redirectKind(`${scheme}://app.test/x`), undefined, scheme)
  for (const uri of [
    ...['', 'callback', '/callback', '//app.test/cb', 'http://app.test/cb', 'http://localhost.app.test/cb'],
    ...['https://user@app.test/', 'https://:secret@app.test/', 'https://user:secret@app.test/', 'app://user@x/'],
    ...['https://app.test/#a', 'https://app.test/#', 'https://app.test\\@evil.test/', 'https:\\\\app.test/'],
    ...['https://app.test/a b', ' https://app.test/', 'https://app.test/\n', 'https://app.test/\u0085', 'app:/\u0000'],
    ...['HTTPS://app.test/', 'Https://app.test/', 'JavaScript:alert(1)', 'App:/cb'],
  ]) {
    t.equal(redirectKind(uri), undefined, JSON.stringify(uri))
  }
})

t.test('a redirect URI is registered to the letter, but for the port of a loopback address', async (t) => {
  const registered = ['https://app.test/cb', 'http://127.0.0.1:1234/cb?x=1', 'http://localhost/cb', 'app:/cb']
  const are = ['https://app.test/cb', 'http://127.0.0.1:1234/cb?x=1', 'http://127.0.0.1:9/cb?x=1']
  const alsoAre = ['http://127.0.0.1/cb?x=1', 'http://localhost:8080/cb', 'app:/cb']
  const areNot = ['https://app.test:8443/cb', 'https://app.test/cb/', 'https://app.test/CB', 'https://app.test/cb?']
  const norAre = [
    'http://127.0.0.1:9/cb',
    'http://127.0.0.1:9/other?x=1',
    'http://[::1]:9/cb',
    'app:/other',
    'app:9/cb',
  ]

  for (const uri of [...are, ...alsoAre]) t.ok(isRegistered(uri, registered), uri)
  for (const uri of [...areNot, ...norAre, 'nothing']) t.notOk(isRegistered(uri, registered), uri)
  t.notOk(isRegistered('http://127.0.0.1:9/cb', ['https://127.0.0.1/cb']), 'over plain http')
  t.notOk(isRegistered('http://127.0.0.1:9/cb', ['http://u@127.0.0.1/cb']), 'one that is none vouches for nothing')
  t.notOk(isRegistered('http://127.0.0.1:9/cb', []))
})

t.test('people are told the host it leads to, or for an app on their machine all of it', async (t) => {
  t.equal(redirectPlace('https://app.test:8443/cb'), 'app.test:8443')
  t.equal(redirectPlace('http://localhost:1/cb'), 'http://localhost:1/cb')
  t.equal(redirectPlace('cursor://x/cb'), 'cursor://x/cb')
})

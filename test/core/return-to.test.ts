import t from 'tap'
import { originNamed, safeReturnTo, signInPath } from '../../src/core/return-to.ts'

const home = '/oauth/'
const origins = ['http://localhost:8080', 'https://tools.acme.io']
const to = (value: string | undefined, origin: string) => safeReturnTo(value, origin, '/oauth', home)

const ours: readonly [string, string][] = [
  ['/', '/'],
  ['/tool', '/tool'],
  ['/tool/a?b=c&d=%20e', '/tool/a?b=c&d=%20e'],
  ['/tool#part', '/tool'],
  ['/tool?next=https://evil.example', '/tool?next=https://evil.example'],
  ['/tool?next=//evil.example', '/tool?next=//evil.example'],
  ['/a/../tool', '/tool'],
  ['tool', '/tool'],
  ['/%2F%2Fevil.example', '/%2F%2Fevil.example'],
  ['/@evil.example', '/@evil.example'],
  ['/grüße?q=ß', '/gr%C3%BC%C3%9Fe?q=%C3%9F'],
  ['/oauth/', '/oauth/'],
  ['/oauthor', '/oauthor'],
]
for (const origin of origins) {
  t.test(`addresses of ${origin} are kept, path and query`, async (t) => {
    for (const [value, expected] of ours) {
      t.equal(to(value, origin), expected, value)
      if (value.startsWith('/')) t.equal(to(origin + value, origin), expected, origin + value)
    }
    t.equal(to(`/${'x'.repeat(2047)}`, origin).length, 2048)
  })
}

const elsewhere = [
  undefined,
  '',
  '//evil.example',
  '///evil.example',
  '////evil.example',
  '/\\evil.example',
  '\\\\evil.example',
  '\\/evil.example',
  '/\t/evil.example',
  '/\n/evil.example',
  '\t//evil.example',
  ' //evil.example',
  '/.//evil.example',
  '/..//evil.example',
  '/tool/..//evil.example',
  '/%2e//evil.example',
  '/x/%2e%2e//evil.example',
  '/./\\evil.example',
  'https://evil.example',
  'http://evil.example',
  'https:\\\\evil.example',
  'https:/\\evil.example',
  'ftp://localhost:8080/',
  'javascript:alert(1)',
  'JaVaScRiPt:alert(1)',
  'java\nscript:alert(1)',
  'data:text/html,x',
  'blob:https://tools.acme.io/x',
  'vbscript:x',
  'file:///etc/passwd',
  'about:blank',
  'http://localhost:8081/',
  'http://localhost/',
  'http://localhost:8080@evil.example/',
  'http://ada@localhost:8080/',
  'http://ada:x@localhost:8080/',
  'http://localhost:8080.evil.example/',
  'http://evil.example#localhost:8080',
  'http://127.0.0.1:8080/',
  'https://tools.acme.io:444/',
  'http://tools.acme.io/',
  'https://tools.acme.io@evil.example/',
  'https://ada@tools.acme.io/',
  'https://tools.acme.io.evil.example/',
  'https://evil.example\\@tools.acme.io/',
  'https://[::1',
  '/oauth/sign-in',
  '/oauth/sign-out',
  '/oauth/callback?code=a&state=b',
  '/oauth/../oauth/sign-in',
  `/${'x'.repeat(2048)}`,
]
for (const origin of origins) {
  t.test(`everything else leads home, with ${origin}`, async (t) => {
    for (const value of elsewhere) t.equal(to(value, origin), home, JSON.stringify(value))
  })
}

t.test('of our own pages some may be come back to, and nothing below them', async (t) => {
  const own = (value: string) => safeReturnTo(value, 'https://a.io', '/oauth', '/elsewhere')

  for (const page of ['/oauth/', '/oauth/connections', '/oauth/test', '/oauth/test?x']) t.equal(own(page), page)
  for (const page of ['/oauth/connections/x', '/oauth/tests', '/oauth//', '/oauth/x/connections']) {
    t.equal(own(page), '/elsewhere', page)
  }
})

t.test('the way to sign in knows the way back, if there is one that can be kept', async (t) => {
  const longest = `/${'x'.repeat(2047)}`

  t.equal(signInPath('/oauth', '/tool?a=b'), '/oauth/sign-in?return_to=%2Ftool%3Fa%3Db')
  t.equal(signInPath('/oauth', undefined), '/oauth/sign-in')
  t.equal(signInPath('/oauth', longest), `/oauth/sign-in?return_to=${encodeURIComponent(longest)}`)
  t.equal(signInPath('/oauth', `${longest}x`), '/oauth/sign-in')
})

t.test('a whole address is of one of our origins, to the letter, or of nobody', async (t) => {
  const [a, b] = ['https://a.io', 'https://b.io:8443']
  const named = (value: string | undefined) => originNamed(value, [a, b])

  for (const own of [`${a}/`, a, 'HTTPS://A.IO:443/x', 'https:a.io/x']) t.equal(named(own), a, own)
  t.equal(named(`${b}/x?y`), b)
  for (const other of [
    ...[undefined, '', '/x', '//a.io/x', 'a.io/x', `${a}.evil.example/`, `${a}evil.example/`, 'http://a.io/'],
    ...['https://b.io/', 'https://evil@a.io/', 'https://a.io@evil.example/', `blob:${a}/x`, 'https://a.io:444/'],
  ]) {
    t.equal(named(other), undefined, String(other))
  }
})

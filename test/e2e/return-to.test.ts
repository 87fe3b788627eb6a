import t from 'tap'
import { createBrowser } from '../support/browser.ts'
import { startStack } from '../support/stack.ts'

const { origin, echo } = await startStack(t)

const payloads = [
  '//evil.example/x',
  '/\\evil.example',
  '\\\\evil.example',
  'https:evil.example',
  'https:/evil.example',
  'https://evil.example',
  'http:evil.example',
  '/\t/evil.example',
  '/\r\n/evil.example',
  '/.//evil.example',
  '/%09/evil.example',
  '/%5cevil.example',
  '%2f%2fevil.example',
  '%252f%252fevil.example',
  `${origin}@evil.example`,
  `${origin.replace('//', '//ada@')}`,
  `${origin}.evil.example`,
  'http://localhost:1/',
  'javascript:alert(1)',
  'data:text/html,<script>alert(1)</script>',
  '/tool\r\nSet-Cookie: a=b',
]
for (const payload of payloads) {
  t.test(`return_to=${JSON.stringify(payload)} ends on our origin`, async (t) => {
    const browser = createBrowser()
    const callback = await browser.callbackOf(`${origin}/oauth/sign-in?return_to=${encodeURIComponent(payload)}`)

    const { location, headers } = await browser.load(callback)

    t.equal(new URL(location ?? '', callback).origin, origin)
    t.match(location, /^\/(?![/\\])[\x21-\x7e]*$/, 'a path and nothing a browser could read in another way')
    t.notOk([headers['set-cookie'] ?? []].flat().some((line) => line.startsWith('a=')))
  })
}

t.test('of two return addresses neither leads away', async (t) => {
  const browser = createBrowser()
  const callback = await browser.callbackOf(`${origin}/oauth/sign-in?return_to=/tool&return_to=//evil.example`)

  t.equal(new URL((await browser.load(callback)).location ?? '', callback).origin, origin)
})

t.test('path and query are come back to as they were asked for', async (t) => {
  const address = '/tool/a%20b/c?q=1&q=2&empty=&plus=a+b&encoded=%2F%26%3D%C3%BC&slash=a/b'

  await createBrowser().signIn(origin + address)

  t.equal(echo.received.at(-1)?.url, address)
})

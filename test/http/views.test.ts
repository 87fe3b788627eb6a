import t from 'tap'
import { createAssets } from '../../src/http/assets/assets.ts'
import { isHexColour, readableOn, textOn } from '../../src/http/assets/colour.ts'
import { connectionsPage } from '../../src/http/views/connections.ts'
import { errorPage } from '../../src/http/views/error.ts'
import { errorTexts, errorWords, unknownError } from '../../src/http/views/error-words.ts'
import { homePage } from '../../src/http/views/home.ts'
import { html, raw, render } from '../../src/http/views/html.ts'
import { contact, safeHref } from '../../src/http/views/links.ts'
import { signInPage } from '../../src/http/views/sign-in.ts'
import { signedOutPage } from '../../src/http/views/sign-out.ts'
import { testReport } from '../../src/http/views/test-sign-in.ts'
import { testStepIds } from '../../src/http/views/words.ts'
import { errorCodes, type Outside, ordinary, samplePages, siteFor } from '../support/sample-pages.ts'

const visitor = { user: 'ada', signOutHref: '/oauth/sign-out' }

const hostile = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  "' onmouseover='alert(1)",
  '</title></style></main><script>alert(1)</script>',
  'javascript:alert(1)',
  'JaVaScRiPt:alert(1)',
  'java\nscript:alert(1)',
  'data:text/html,<script>alert(1)</script>',
  '//evil.example/<script>',
  '/\\evil.example"onclick="alert(1)',
  '&lt;script&gt;',
  '<!--',
]

t.test('what comes from outside adds no markup, in any place of any page', async (t) => {
  for (const text of hostile) {
    for (const place of Object.keys(ordinary) as (keyof Outside)[]) {
      const plain = samplePages({ ...ordinary, [place]: 'plain words' })

      const pages = samplePages({ ...ordinary, [place]: text })

      for (const [name, page] of pages) {
        t.same(tagsOf(page, place), tagsOf(plain.get(name) ?? '', place), `${name}, ${place}: ${text}`)
        t.notMatch(page.replace(/="[^"]*"/g, '=""'), /<[^>]*\son\w+=/, 'no handler outside a quoted value')
        if (place !== 'href' && text.startsWith('<')) t.notOk(page.includes(text), 'never as it came')
      }
    }
  }
})

t.test('a template escapes text and quotes, and lets markup and lists of markup pass', async (t) => {
  const item = (text: string) => html`<li title="${text}">${text}</li>`

  const list = render(html`<ul>${['<b>', `"'&`].map(item)}${undefined}${false}${7}${raw('<hr>')}</ul>`)

  t.equal(list, '<ul><li title="&lt;b&gt;">&lt;b&gt;</li><li title="&quot;&#39;&amp;">&quot;&#39;&amp;</li>7<hr></ul>')
})

t.test('only web addresses and paths on this origin become links', async (t) => {
  const linked: readonly (readonly [string, string])[] = [
    ['/reports?q=1#top', '/reports?q=1#top'],
    ['https://reports.example/a', 'https://reports.example/a'],
    ['http://localhost:8080', 'http://localhost:8080/'],
    ['/a b', '/a%20b'],
  ]
  const refused = [
    ...['javascript:alert(1)', ' javascript:alert(1)', 'java\tscript:alert(1)', 'data:text/html,x', 'vbscript:x'],
    ...['//evil.example', '/\\evil.example', '/\t/evil.example', '\\\\evil.example', 'file:///etc/passwd'],
    ...['reports', '', 'https://', 'mailto:a@b.example', 'blob:https://reports.example/1'],
  ]

  for (const [href, expected] of linked) t.equal(safeHref(href), expected, href)
  for (const href of refused) t.equal(safeHref(href), undefined, JSON.stringify(href))
})

t.test('whom to ask is an e-mail address, a page, or words', async (t) => {
  const addressed = render(contact('it-help@northwind.example'))
  const linked = render(contact('https://help.northwind.example/'))
  const worded = render(contact('the data team <data>'))
  const odd = render(contact('a@b.example?bcc=all@b.example'))

  t.equal(addressed, '<a href="mailto:it-help@northwind.example">it-help@northwind.example</a>')
  t.equal(linked, '<a href="https://help.northwind.example/">https://help.northwind.example/</a>')
  t.equal(worded, 'the data team &lt;data&gt;')
  t.equal(odd, 'a@b.example?bcc=all@b.example')
})

t.test('every page has a language, one heading, one main part, and nothing inline or from elsewhere', async (t) => {
  for (const [name, page] of samplePages()) {
    t.match(page, /^<!doctype html>\n<html lang="en">/, name)
    t.equal(page.match(/<h1[ >]/g)?.length, 1, name)
    t.equal(page.match(/<main>/g)?.length, 1, name)
    t.notMatch(page, /<style|\sstyle=|\son\w+=/, name)
    t.notMatch(page.replace(/<script src="\/oauth\/assets\/copy\.[\w-]{16}\.js" defer><\/script>/, ''), '<script', name)
    t.notMatch(page, /\ssrc="(?!\/oauth\/assets\/)/, name)
  }
})

t.test('every page has its own title, which ends with the brand', async (t) => {
  const titles = [...samplePages()].map(([name, page]) => [name, /<title>(.*)<\/title>/.exec(page)?.[1] ?? ''] as const)
  const sameByDesign = new Set([
    'home-signed-out',
    'home-empty',
    'connections-empty',
    'signed-out-everywhere',
    'test-failed',
  ])
  const own = titles.filter(([name]) => !sameByDesign.has(name)).map(([, title]) => title)

  t.ok(own.includes('Sign in · Northwind Tools'))
  t.same(own, [...new Set(own)])
  for (const title of own) t.match(title, / · Northwind Tools$/)
})

t.test('every error code has words of its own, with and without what they name', async (t) => {
  t.same(Object.keys(errorTexts).sort(), [...errorCodes].sort())
  for (const code of errorCodes) {
    const { heading, message } = errorWords(code)

    for (const context of [{}, { tool: 'Reports', provider: 'Cognito', host: 'a.example', limit: '1 MB' }]) {
      t.match(heading(context), /^[A-Z].*[^.]$/, code)
      t.match(message(context), /^[A-Z“].*\.$/, code)
      t.notMatch(heading(context) + message(context), /undefined|went wrong|oops|sorry/i, code)
    }
  }
  t.equal(errorWords('constructor'), unknownError)
})

t.test('an error page names its reference and time, and always has a way on', async (t) => {
  const time = new Date('2026-07-27T14:03:12.345Z')

  const page = errorPage(siteFor(ordinary), { status: 404, code: 'route_not_found', requestId: 'r-1', time })

  t.match(page, '<span class="code">r-1</span>')
  t.match(page, '<time datetime="2026-07-27T14:03:12.345Z">2026-07-27 14:03:12 UTC</time> · route_not_found')
  t.match(page, '<a class="button primary" href="/oauth/">Home page</a>')
  t.notMatch(page, 'http-equiv')
})

t.test('a page that retries says so, and never asks for less than a second', async (t) => {
  const failure = { status: 503, code: 'store_unavailable', requestId: 'r-1', time: new Date(0) }
  const retryAfter = (retryAfterSeconds: number) => errorPage(siteFor(ordinary), { ...failure, retryAfterSeconds })

  t.match(retryAfter(10), '<meta http-equiv="refresh" content="10">')
  t.match(retryAfter(10), 'tries again by itself in 10 seconds.')
  t.match(retryAfter(0), '<meta http-equiv="refresh" content="1">')
  t.match(retryAfter(0.2), 'tries again by itself in a second.')
})

t.test('the provider used last comes first, the others keep their order', async (t) => {
  const choices = ['A', 'B', 'C'].map((title) => ({ title, href: `/${title}`, lastUsed: title === 'C' }))

  const page = signInPage(siteFor(ordinary), choices)

  t.same(
    [...page.matchAll(/Continue with (\w)/g)].map(([, title]) => title),
    ['C', 'A', 'B'],
  )
})

t.test('a visitor is told why there are no tools: not signed in, or none for this account', async (t) => {
  const site = siteFor(ordinary)

  const nobody = homePage(site, { signInHref: '/oauth/sign-in' }, [])
  const somebody = homePage(site, { user: 'ada', signOutHref: '/oauth/sign-out' }, [])
  const withTools = homePage(site, { user: 'ada', signOutHref: '/' }, [{ title: 'A', href: '/a', access: 'open' }])

  t.match(nobody, 'Sign in to open the tools that are yours.')
  t.notMatch(nobody, /No tool|Ask for access|class="tiles"/)
  t.match(somebody, /No tool is open to this account yet\.[\s\S]*Ask for access[\s\S]*it-help@northwind\.example/)
  t.notMatch(withTools, /No tool|Ask for access/)
})

t.test('known scopes are told in words, others as they are', async (t) => {
  const connection = { name: 'a', title: 'A', role: 'connection', state: 'connected', neededBy: [] } as const
  const scopes = ['email', 'offline_access', 'toString', 'contacts.read']

  const page = connectionsPage(siteFor(ordinary), visitor, {
    entries: [{ ...connection, scopes }],
    grants: [],
    browsers: [],
  })

  t.match(page, /<li>See your e-mail address<\/li><li>Stay connected while you are away<\/li>/)
  t.match(page, /<li><code>toString<\/code><\/li><li><code>contacts\.read<\/code><\/li>/)
})

t.test('a connection without addresses has no buttons, and one without tools stops nothing', async (t) => {
  const connection = {
    name: 'a',
    title: 'A',
    role: 'connection',
    state: 'connected',
    scopes: [],
    neededBy: [],
  } as const
  const page = (more: object) =>
    connectionsPage(siteFor(ordinary), visitor, { entries: [{ ...connection, ...more }], grants: [], browsers: [] })

  t.notMatch(page({}), /<form|<button|<details/)
  t.match(page({ disconnectHref: '/oauth/connections/a/disconnect' }), 'No tool needs it at the moment.')
  t.notMatch(page({ connectHref: 'javascript:alert(1)' }), /<form|<button/)
  t.notMatch(page({ connectHref: '/c' }), 'return_to')
})

t.test('the report as text says all that the page says', async (t) => {
  const startedAt = new Date('2026-07-27T14:03:12Z')
  const steps = testStepIds.map((id) => ({ id, status: 'skipped' }) as const)
  const failed = {
    id: 'scopes',
    status: 'failed',
    result: '<r>',
    remedy: 'm',
    where: 'w',
    docs: 'docs/d.md',
  } as const
  const setup = {
    providers: [{ name: 'a', title: 'Provider A' }],
    routes: [],
    selected: { provider: 'a' },
    action: '/t',
  }

  const page = testReport(siteFor(ordinary), setup, startedAt).end(
    steps.map((step) => (step.id === 'scopes' ? failed : step)),
  )

  const text = /<textarea[^>]*>([^<]*)<\/textarea>/.exec(page)?.[1] ?? ''
  t.equal(text.split('\n')[0], 'Sign-in test failed · Provider A · 2026-07-27 14:03:12 UTC')
  t.match(
    text,
    ['6. Scopes: Failed', '   &lt;r&gt;', '   Remedy: m', '   Where: w', '   Documentation: docs/d.md'].join('\n'),
  )
  t.equal(text.match(/^\d\. .*: Skipped$/gm)?.length, 7)
  t.match(page, 'Look at Scopes.')
})

t.test('the signed-out page does not claim that more ended than did', async (t) => {
  const site = siteFor(ordinary)
  const parts = (page: string) => page.split('Not ended')

  const [ended = '', kept = ''] = parts(
    signedOutPage(site, { everywhere: false, provider: 'Cognito', providerSession: 'kept', signInHref: '/' }),
  )
  const [endedAll = '', keptAll = ''] = parts(
    signedOutPage(site, { everywhere: true, provider: 'Cognito', providerSession: 'ended', signInHref: '/' }),
  )

  t.match(ended, 'Your session in this browser')
  t.notMatch(ended, /at Cognito|every browser|apps/)
  t.match(kept, /session at Cognito[\s\S]*other browsers/)
  t.match(endedAll, /every browser[\s\S]*apps[\s\S]*at Cognito/)
  t.notMatch(keptAll, /session at Cognito|other browsers/)
})

t.test('the stylesheet is under 6 KB and loads nothing', async (t) => {
  const { files, href } = createAssets({ name: 'toolgate', accent: '#abc' }, '/oauth')

  const css = files.get(href('stylesheet').slice('/oauth/assets/'.length))?.body ?? ''

  t.ok(css.length > 1000 && Buffer.byteLength(css) < 6 * 1024, `${Buffer.byteLength(css)} bytes`)
  t.notMatch(css, /url\(|@import|https?:|</)
  t.equal(css.split('{').length, css.split('}').length)
})

t.test('the name of an asset changes with its content, and only then', async (t) => {
  const of = (accent: string | undefined) => createAssets({ name: 'toolgate', accent }, '/oauth').href('stylesheet')

  t.match(of('#123456'), /^\/oauth\/assets\/toolgate\.[\w-]{16}\.css$/)
  t.equal(of('#123456'), of('#123456'))
  t.not(of('#123456'), of('#654321'))
  t.equal(of('red;}body{display:none'), of(undefined), 'what is no colour never reaches the stylesheet')
})

t.test('a logo is a path, a picture in a data URL or SVG; an address elsewhere leaves ours', async (t) => {
  const logo = (text?: string) => createAssets({ name: 'toolgate', logo: text }, '/oauth')
  const builtIn = logo().href('logo')

  t.equal(logo('/brand/logo.png').href('logo'), '/brand/logo.png')
  t.equal(logo('data:image/png;base64,AA==').href('logo'), 'data:image/png;base64,AA==')
  t.match([...logo(' <svg id="mine"/>').files.values()][1], { type: 'image/svg+xml', body: ' <svg id="mine"/>' })
  t.match(builtIn, /^\/oauth\/assets\/logo\.[\w-]{16}\.svg$/)
  for (const elsewhere of ['https://evil.example/x.png', '//evil.example/x.png', 'data:text/html,x']) {
    t.equal(logo(elsewhere).href('logo'), builtIn, elsewhere)
  }
})

t.test('any accent colour becomes readable on its ground, and text on it too', async (t) => {
  for (const accent of ['#000', '#fff', '#ff0', '#00f', '#0f766e', '#7f7f7f', '#f472b6', '#ABCDEF']) {
    for (const ground of ['#f6f7f9', '#181c22']) {
      const shown = readableOn(ground, accent)

      t.ok(isHexColour(shown))
      t.ok(ratio(shown, ground) >= 4.5, `${accent} as ${shown} on ${ground}: ${ratio(shown, ground)}`)
    }
    t.ok(ratio(long(accent), long(textOn(accent))) >= 4.5, `${textOn(accent)} on ${accent}`)
  }
  t.equal(readableOn('#f6f7f9', '#0f766e'), '#0f766e', 'a colour that is fine stays as it is')
})

/** The tags of a page, without the values of their attributes. A good address makes a link of a text, so links are left out there. */
function tagsOf(page: string, place: keyof Outside): string[] {
  const tags = page.replace(/="[^"]*"/g, '=""').match(/<[^>]*>/g) ?? []
  return place === 'href' ? tags.filter((tag) => !/^<\/?(a|form|button|div|input|p)\b/.test(tag)) : tags
}

function long(hex: string): string {
  return hex.length === 4 ? hex.replace(/[^#]/g, '$&$&') : hex
}

/** WCAG contrast, written again so that the test does not trust what it tests. */
function ratio(one: string, other: string): number {
  const [bright = 0, dark = 0] = [one, other].map(luminance).sort((a, b) => b - a)
  return (bright + 0.05) / (dark + 0.05)
}

function luminance(hex: string): number {
  const channels = [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16) / 255)
  const [red = 0, green = 0, blue = 0] = channels.map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

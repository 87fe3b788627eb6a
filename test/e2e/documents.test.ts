import { globSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { allRules, contrast, violations } from '../support/axe.ts'
import { createBrowser } from '../support/browser.ts'
import { startChromium } from '../support/chromium.ts'
import { sendRaw } from '../support/raw.ts'
import { startStack } from '../support/stack.ts'

const project = fileURLToPath(new URL('../..', import.meta.url))
const named = globSync('src/core/**/*.ts', { cwd: project }).flatMap((file) =>
  [...readFileSync(project + file, 'utf8').matchAll(/'docs\/([\w-]+)\.md'/g)].map(([, name = '']) => name),
)
const documents = readdirSync(`${project}docs`).filter((file) => file.endsWith('.md'))
const { origin } = await startStack(t)
const browser = createBrowser()
const at = (name: string) => `${origin}/oauth/docs/${name}`

t.test('every document that a finding names is served, to people who are not signed in', async (t) => {
  t.ok(new Set(named).size >= 5)
  for (const name of new Set(named)) {
    const { status, headers, body } = await browser.load(at(name))

    const [, heading = ''] = /^# (.*)/.exec(readFileSync(`${project}docs/${name}.md`, 'utf8')) ?? []
    t.equal(status, 200, name)
    t.match(body, `<title>${heading.replaceAll('`', '')} · toolgate</title>`)
    t.match(headers, { 'content-security-policy': /default-src 'none'/, 'cache-control': 'no-store' })
  }
})

t.test('every document is a page like ours, and each of its links leads somewhere', async (t) => {
  const pages = new Map<string, string>()
  for (const file of documents) {
    const { body } = await browser.load(at(file.replace('.md', '')))
    pages.set(`/oauth/docs/${file.replace('.md', '')}`, body)
  }

  const titles = [...pages.values()].map((body) => /<title>(.*)<\/title>/.exec(body)?.[1])
  t.equal(new Set(titles).size, documents.length, 'titles are unique')
  for (const [path, body] of pages) {
    t.equal(body.match(/<h1[ >]/g)?.length, 1, path)
    t.notMatch(body, /<script|<style|\sstyle=|<img (?!src="\/oauth\/assets\/)|<p><\/p>/, path)
    for (const [, href = ''] of body.matchAll(/<a href="([^"]*)"/g)) {
      if (href.startsWith('https:') || href === '/oauth/') continue
      const [target, part] = href.split('#')
      const page = pages.get(target === '' ? path : (target ?? ''))
      t.ok(page?.includes(part === undefined ? '<h1' : ` id="${part}"`), `${path}: ${href}`)
    }
  }
})

t.test('nothing but documents is served: what leads elsewhere, or is none, is not there', async (t) => {
  const paths = [
    ...['', 'nowhere', 'check.md', 'CHECK', 'images', 'decisions', 'constructor', '%00', 'check%00', 'check/more'],
    ...['decisions/0001-layers', 'decisions%2f0001-layers', '..', '%2e%2e', '../package', '..%2fpackage.json'],
    ...['..%2fREADME', '....//README', '..%5cREADME', '%252e%252e%252fREADME', 'check%2f..%2fcheck'],
  ]
  for (const path of paths) {
    const lines = [`GET /oauth/docs/${path} HTTP/1.1`, `Host: ${new URL(origin).host}`]
    const { status, body } = await sendRaw(origin, lines)

    // What is no canonical path is refused before anybody looks where it leads.
    t.ok(status === 404 || (status === 400 && /%|\.\.|\/\//.test(path)), `${path}: ${status}`)
    t.notMatch(body, /class="doc"|"dependencies"/)
  }
  t.equal((await browser.send(at('check'), { method: 'POST' })).status, 404)
})

t.test('in Chromium: documents fit, keep to our policy, and pass axe in light and dark', async (t) => {
  const page = await (await startChromium(t)).newPage()
  const complaints: string[] = []
  page.on('console', (message) => complaints.push(message.text()))
  for (const name of ['check', 'callback-mismatch', 'configuration']) {
    await page.goto(at(name))
    for (const width of [390, 1280]) {
      await page.setViewportSize({ width, height: 800 })
      const isWider = await page.evaluate('document.documentElement.scrollWidth > innerWidth')
      t.notOk(isWider, `${name}, ${width} wide`)
    }
    await page.emulateMedia({ colorScheme: 'light' })
    t.strictSame(await violations(page, allRules), [], `${name}, light`)
    await page.emulateMedia({ colorScheme: 'dark' })
    t.strictSame(await violations(page, contrast), [], `${name}, dark`)
  }
  t.strictSame(complaints, [])
})

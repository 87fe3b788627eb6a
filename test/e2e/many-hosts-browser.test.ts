import t from 'tap'
import { getGlobalDispatcher, setGlobalDispatcher } from 'undici'
import { startChromium } from '../support/chromium.ts'
import { loopback, startHosts } from '../support/hosts.ts'
import { authorizeUrl, register } from '../support/mcp-client.ts'
import { startGateway } from '../support/stack.ts'

const before = getGlobalDispatcher()
setGlobalDispatcher(loopback)
t.teardown(() => setGlobalDispatcher(before))

const [{ reports, wiki, echo, yaml, cognito }, chromium] = await Promise.all([startHosts(t), startChromium(t)])
const mcp = { scopes: ['reports/read'] }
const notes = { name: 'notes', title: 'Notes', host: 'notes.localhost', path: '/mcp', upstream: echo.url, mcp }
await startGateway(t, { ...yaml, log: { level: 'fatal' }, routes: [...yaml.routes, notes] })

t.test('in a real browser: one sign-in for three hosts, consent on one of them, and one sign-out', async (t) => {
  const page = await (await chromium.newContext()).newPage()
  page.setDefaultTimeout(30_000)
  const complaints: string[] = []
  page.on('console', (message) => void (/Content Security/.test(message.text()) && complaints.push(message.text())))
  await page.route('https://app.test/**', (route) => route.fulfill({ body: 'the app' }))
  const issuer = reports.replace('reports.', 'notes.')
  const client = await register(issuer)

  await page.goto(authorizeUrl(issuer, client))
  t.match(page.url(), `${issuer}/oauth/authorize`)
  await page.click('button[value=allow]')
  await page.fill('input[name=username]', 'ada')
  await page.fill('input[name=password]', 'Passw0rd!')
  await page.click('button')
  await page.waitForURL('https://app.test/**')
  const back = new URL(page.url()).searchParams
  await page.goto(`${reports}/tool/a?b=c`)
  const atReports = page.url()
  await page.goto(`${wiki}/page`)
  const atWiki = page.url()
  await page.goto(`${wiki}/oauth/sign-out`)
  await page.click('form button')
  await page.waitForURL('**/oauth/signed-out')
  await page.goto(`${reports}/tool/a`)

  t.equal(back.get('iss'), issuer)
  t.ok(back.get('code'))
  t.equal(atReports, `${reports}/tool/a?b=c`)
  t.equal(atWiki, `${wiki}/page`)
  t.match(page.url(), cognito.domain, 'signed out everywhere')
  t.strictSame(complaints, [])
})

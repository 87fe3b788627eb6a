// The two official clients, that know nothing but an address, and their user at Chromium.
import t from 'tap'
import { startChromium } from '../support/chromium.ts'
import { startPublicHost } from '../support/public-host.ts'
import { startTool } from '../support/tool.ts'
import { startNotes } from './support/notes.ts'
import { createPerson } from './support/person.ts'
import { connectOlderSdk, connectSdk } from './support/sdk-clients.ts'
import { createSdkUser } from './support/sdk-user.ts'

const minute = 60_000
const audited: string[] = []
const clock = { ahead: 0 }
const host = await startPublicHost(t)
const { url, control } = await startNotes(t, {
  now: () => Date.now() + clock.ahead,
  internet: host.internet,
  log: (line) => audited.push(/"audit":"(\w+)"/.exec(line)?.[1] ?? ''),
})
const strict = await startNotes(t, { mcp: { challenge: 'connect', public_tools: [] } })
const listener = await startTool(t, (_, response) => response.end('You may close this page.'))
const redirectUrl = `${listener.url}/callback`
const chromium = await startChromium(t)

const clientMetadataUrl = host.at('/client.json')
host.put('/client.json', {
  client_id: clientMetadataUrl,
  client_name: 'Test client',
  redirect_uris: ['http://127.0.0.1/callback'],
  token_endpoint_auth_method: 'none',
})

const clients = [
  [connectSdk, '2026-07-28'],
  [connectOlderSdk, '2025-11-25'],
] as const

const ways = [
  { way: 'its document', options: { clientMetadataUrl }, id: clientMetadataUrl, events: ['consent_granted'] },
  { way: 'registering', options: {}, id: /^reg_/, events: ['client_registered', 'consent_granted'] },
] as const

for (const [connect, revision] of clients) {
  for (const { way, options, id, events } of ways) {
    t.test(`a client of ${revision}, known by ${way}, has its user sign in once, and never again`, async (t) => {
      audited.length = 0
      const { browse, pages } = personAtChromium()
      const user = createSdkUser({ redirectUrl, browse, ...options })

      const client = await connect(t, url, { user })

      t.equal(client.revision, revision)
      t.strictSame(await client.tools(), ['search', 'add_note', 'whoami'])
      t.match(await client.call('search', { word: 'toolgate' }), 'right token')
      t.strictSame([user.visits(), audited.filter(isOfClients)], [0, []], 'nobody was asked, nothing was registered')

      t.equal(await client.call('whoami'), 'You are ada.', 'by the token that the server got and verified')
      t.strictSame(
        pages,
        ['Allow Test client to use notes? · toolgate', 'Sign in · Local Cognito'],
        'consent comes first',
      )
      t.match(user.clientId(), id)
      t.strictSame(audited.filter(isOfClients), events)

      const { authorize, login } = (await control.log()).counts
      const first = user.tokens()?.access_token
      t.equal(await client.call('add_note', { text: 'Once is enough.' }), 'Noted, ada.')
      t.equal(user.tokens()?.access_token, first)
      clock.ahead += 16 * minute
      t.equal(await client.call('whoami'), 'You are ada.', 'after the access token of the client has expired')
      t.not(user.tokens()?.access_token, first)
      clock.ahead += 120 * minute
      await control.clock(`${clock.ahead / minute}m`)
      t.equal(await client.call('whoami'), 'You are ada.', 'after that of the provider has, too')
      t.equal(user.visits(), 1)
      t.match((await control.log()).counts, { authorize, login }, 'nor was the provider’s page opened')
      t.strictSame(audited.filter(isOfClients), events)
    })
  }

  t.test(`a client of ${revision} signs in as it connects, where the address or the route says so`, async (t) => {
    for (const address of [`${url}?auth=required`, strict.url]) {
      const browse = async (asked: string) => (await createPerson().answer(asked)).location.href
      const user = createSdkUser({ redirectUrl, browse })
      const client = await connect(t, address, { user })

      t.equal(user.visits(), 1)
      t.equal(await client.call('whoami'), 'You are ada.')
      t.equal(user.visits(), 1)
    }
  })
}

const isOfClients = (event: string) => /^(client_registered|consent_granted|grant_ended)$/.test(event)

/** Somebody new at Chromium, who signs in at the local Cognito and allows what is asked, and the titles of what they saw. */
function personAtChromium() {
  const pages: string[] = []

  async function browse(url: string): Promise<string> {
    const context = await chromium.newContext()
    try {
      const page = await context.newPage()
      await page.goto(url)
      while (!page.url().startsWith(redirectUrl) && pages.length < 3) {
        pages.push(await page.title())
        if (await page.isVisible('input[name=password]')) {
          await page.fill('input[name=username]', 'ada')
          await page.fill('input[name=password]', 'Passw0rd!')
          await page.click('button')
        } else await page.click('button[value=allow]')
        await page.waitForLoadState()
      }
      return page.url()
    } finally {
      await context.close()
    }
  }

  return { browse, pages }
}

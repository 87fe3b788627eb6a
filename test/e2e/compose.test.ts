import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import t from 'tap'
import { parse } from 'yaml'
import { createBrowser } from '../support/browser.ts'
import { projectFile, servicesOf, startCompose } from '../support/compose-file.ts'

const variables = { TOOLGATE_KEY: randomBytes(32).toString('base64'), REDIS_PASSWORD: 'c0ffee' }
const compose = projectFile('docker-compose.yml')
const services = servicesOf(compose, variables)

t.test('what docker compose runs signs a person in, and the tools get their bearer token', async (t) => {
  const { start, url } = await startCompose(t, variables)
  const others = await Promise.all(['redis', 'local-cognito', 'sample-page', 'sample-api', 'sample-mcp'].map(start))
  const gateway = await start('gateway')
  const browser = createBrowser()

  const page = await browser.signIn(`${url}/hello/there?q=1`)
  const answer = await browser.send(`${url}/api/me`, { headers: { 'sec-fetch-site': 'same-origin' } })

  t.match(page, { status: 200, body: /<h1>Hello, ada<\/h1>[\s\S]*\/hello\/there\?q=1/ })
  t.match(JSON.parse(answer.body), { path: '/api/me', username: 'ada', headers: { 'x-forwarded-groups': 'analysts' } })
  t.match(await browser.load(`${url}/oauth/docs/check`), { status: 200, body: /<h1>toolgate check</ })
  t.ok(residentMegabytes(gateway.pid) < 150, 'the gateway takes less than 150 MB')

  t.equal(await gateway.stop(), 0)
  const again = await start('gateway')

  t.match(await browser.load(`${url}/hello`), { status: 200, body: /Hello, ada/ }, 'the session outlives the gateway')
  t.strictSame(await Promise.all([again, ...others].map(({ stop }) => stop())), [0, 0, 0, 0, 0, 0])
  for (const { output } of [gateway, again, ...others]) {
    for (const secret of Object.values(variables)) t.notMatch(output(), secret)
  }
})

/** `VmRSS` of proc(5). */
function residentMegabytes(pid: number): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024
}

t.test('compose refuses to start without each variable, and .env.example names them', async (t) => {
  const names = [...compose.matchAll(/\$\{(\w+)([^}]*)\}/g)].map(([, name, rest]) => ({ name, rest }))
  const example = [...projectFile('.env.example').matchAll(/^(\w+)=(.*)$/gm)]

  for (const { name, rest } of names) t.match(rest, /^:\?.+/, `${name} is required`)
  t.strictSame(new Set(names.map(({ name }) => name)), new Set(example.map(([, name]) => name)))
  t.strictSame(
    example.map(([, , value]) => value),
    ['', ''],
  )
})

t.test(
  'everything shares the network of the gateway, and what is published there is listened on from outside',
  async (t) => {
    const { gateway, ...beside } = services
    const { listen } = parse(projectFile('config/toolgate.compose.yaml'))
    const { domain, issuer } = parse(projectFile('config/local-cognito.compose.yaml'))
    const listeners: readonly { host: string; port: number }[] = [listen, domain, issuer]

    for (const [name, { network_mode, ports }] of Object.entries(beside)) {
      t.strictSame({ network_mode, ports }, { network_mode: 'service:gateway', ports: undefined }, name)
    }
    t.strictSame(
      gateway?.ports,
      listeners.map(({ port }) => `127.0.0.1:${port}:${port}`),
    )
    t.ok(listeners.every(({ host }) => host === '0.0.0.0'))
  },
)

t.test('what stops is started again, and Redis keeps what it was told', async (t) => {
  for (const [name, { restart }] of Object.entries(services)) t.equal(restart, 'unless-stopped', name)
  t.match(services.redis?.command.join(' '), '--appendonly yes')
  t.strictSame(services.redis?.volumes, ['redis:/data'])
})

t.test('the image runs as another user than root and takes no config with secrets along', async (t) => {
  const dockerfile = projectFile('Dockerfile').split('\n')
  const ignored = projectFile('.dockerignore').split('\n')

  t.ok(dockerfile.indexOf('USER node') > dockerfile.findLastIndex((line) => line.startsWith('FROM ')))
  t.ok(ignored.includes('*') && ignored.includes('config/toolgate.yaml'))
  t.ok(dockerfile.includes('COPY docs/*.md docs/') && ignored.includes('!docs/*.md'), 'the documents come along')
})

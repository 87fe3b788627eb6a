import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import t from 'tap'
import { Agent, buildConnector } from 'undici'
import { stringify } from 'yaml'
import { createBrowser } from '../support/browser.ts'
import { freePort } from '../support/free-port.ts'
import { startRedis } from '../support/redis.ts'
import { startGateway, startParts } from '../support/stack.ts'
import { toolgate } from '../support/toolgate.ts'

const connect = buildConnector({})
const [old, next] = [randomBytes(32).toString('base64'), randomBytes(32).toString('base64')]

t.test(
  'two keys change places under load, and the old one goes: nobody is signed out or loses a connection',
  async (t) => {
    const redis = await startRedis(t)
    const { origin, yaml, echo, control } = await startParts(t, {
      config: { store: { url: redis.url }, log: { level: 'fatal' } },
    })
    await control.client('1localexample', {
      callback_urls: [`${origin}/oauth/callback`, `${origin}/oauth/callback/second`],
    })
    const config = {
      ...yaml,
      providers: { ...yaml.providers, second: yaml.providers.cognito },
      routes: [
        { name: 'tool', path: '/tool', upstream: echo.url },
        { name: 'linked', path: '/linked', upstream: echo.url, provider: 'second' },
        { name: 'signed', path: '/signed', upstream: echo.url, identity: 'signed' },
      ],
    }

    /** Two replicas with these keys; gives their ports. */
    async function replicas(...encryption_keys: readonly string[]) {
      const started = [1, 2].map(async () => {
        const listen = { host: '127.0.0.1', port: await freePort() }
        await startGateway(t, { ...config, listen, encryption_keys })
        return listen.port
      })
      return Promise.all(started)
    }
    let serving = await replicas(old)
    let connections = 0
    /** Leads to whichever replicas serve now. */
    const balancer = () =>
      new Agent({
        connect: (options, callback) => {
          const { port } = new URL(origin)
          const to = options.port === port ? serving[connections++ % serving.length] : options.port
          connect({ ...options, port: String(to) }, callback)
        },
      })
    let agent = balancer()
    async function rollOut(...keys: readonly string[]) {
      const before = agent
      serving = await replicas(...keys)
      agent = balancer()
      await before.close()
    }
    const newBrowser = () => createBrowser((url) => (url.startsWith(origin) ? agent : undefined))

    const browsers = await Promise.all(
      Array.from({ length: 8 }, async (_, at) => {
        const browser = newBrowser()
        await browser.signIn(`${origin}/tool`, at % 2 ? 'grace' : 'ada')
        return browser
      }),
    )
    const connected = await browsers[0]!.load(`${origin}/oauth/connections/second/connect`, {
      method: 'POST',
      headers: { origin },
      form: { return_to: '/linked' },
    })
    t.equal((await browsers[0]!.open(connected.location ?? '')).status, 200, 'ada is connected')
    await browsers[0]!.send(`${origin}/signed`)

    const unexpected: string[] = []
    let requests = 0
    let isOver = false
    const load = browsers.map(async (browser) => {
      while (!isOver) {
        const { status, location } = await browser.load(`${origin}/tool`)
        requests += 1
        if (status !== 200) unexpected.push(`${status} ${location}`)
        await setTimeout(10)
      }
    })
    const file = join(t.testdir({}), 'rotate.yaml')
    await writeFile(file, stringify({ ...config, encryption_keys: [next, old] }))

    await rollOut(old, next)
    await rollOut(next, old)
    const meanwhile = newBrowser()
    await meanwhile.signIn(`${origin}/tool`)
    const rotated = await toolgate('keys', 'rotate', '-c', file)
    const again = await toolgate('keys', 'rotate', '-c', file)
    await rollOut(next)
    const after = newBrowser()
    const signedIn = await after.signIn(`${origin}/linked`)
    const linked = await browsers[0]!.load(`${origin}/linked`)
    isOver = true
    await Promise.all(load)

    t.comment(`requests: ${requests}, unexpected answers: ${unexpected.length}, ${rotated.out.replaceAll('\n', ', ')}`)
    t.strictSame(unexpected, [])
    t.ok(requests >= 8 * 5)
    t.match([rotated, again], [{ exitCode: 0 }, { exitCode: 0, out: / 0 {2}sealed anew/ }])
    t.match(rotated.out, /\b1\d {2}sealed anew/, 'eight sessions, the token sets, and the keys of the gateway')
    t.match([signedIn.status, linked.status], [200, 200], 'who signs in anew has the connection from before')
    const users = [...browsers, meanwhile, after].map(
      (browser) => browser.cookies(origin).get('toolgate')?.value.split('.')[0],
    )
    t.equal(new Set(users).size, 2, 'and everybody still has one set of records')
  },
)

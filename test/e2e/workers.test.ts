import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { Client } from 'undici'
import { stringify } from 'yaml'
import { createBrowser } from '../support/browser.ts'
import { freePort } from '../support/free-port.ts'
import { type Program, startGatewayProcess, startProgram } from '../support/gateway-process.ts'
import { startRedis } from '../support/redis.ts'
import { startParts } from '../support/stack.ts'
import { startTool } from '../support/tool.ts'

/** What a gateway with two workers needs around it, and its config. */
async function startWorkerParts(t: Test) {
  const redis = await startRedis(t)
  // /slow/port answers at once, by which connection it was asked: each worker has upstream connections of its own.
  const slow = await startTool(t, (request, response) => {
    if (request.url === '/slow/port') response.end(String(request.socket.remotePort))
  })
  const admin = { host: '127.0.0.1', port: await freePort() }
  const encryption_keys = [randomBytes(32).toString('base64')]
  const config = { workers: 2, store: { url: redis.url }, encryption_keys, admin }
  const { yaml, ...parts } = await startParts(t, { config })
  const routes = [...yaml.routes, { name: 'slow', path: '/slow', upstream: slow.url, access: 'public' }]
  return {
    ...parts,
    yaml: { ...yaml, routes },
    tool: slow.server,
    isReady: async () => (await createBrowser().send(`http://127.0.0.1:${admin.port}/readyz`)).status === 200,
  }
}

/** One connection to each of two workers. */
async function connectionsToBoth(t: Test, origin: string): Promise<readonly [Client, Client]> {
  const byWorker = new Map<string, Client>()
  while (byWorker.size < 2) {
    const client = new Client(origin)
    t.teardown(() => client.destroy())
    byWorker.set((await get(client, '/slow/port')).body, client)
  }
  const [one, other] = byWorker.values()
  if (one === undefined || other === undefined) throw new Error('less than two')
  return [one, other]
}

async function get(client: Client, path: string) {
  const { statusCode, body } = await client.request({ method: 'GET', path })
  return { status: statusCode, body: await body.text() }
}

/** A request that has arrived at the tool and waits there for its answer. */
async function waiting(client: Client, tool: Server) {
  const arrived = once(tool, 'request')
  const answer = get(client, '/slow').catch(() => 'cut')
  const [, response] = (await arrived) as [unknown, ServerResponse]
  return { answer, response }
}

interface LogLine {
  readonly pid: number
  readonly worker?: number
  readonly msg: string
}

/** The lines of its log that say this. */
const logged = (program: Program, text: string): readonly LogLine[] =>
  program
    .output()
    .split('\n')
    .filter((line) => line.startsWith('{') && line.includes(text))
    .map((line) => JSON.parse(line))

/** The processes that listen for clients, the newest last. */
const listening = (program: Program) => logged(program, 'Server listening').filter(({ worker }) => worker !== undefined)

/** Asks until nobody listens there. */
async function untilRefused(url: string): Promise<void> {
  const isRefused = () =>
    createBrowser()
      .send(url, { headers: { connection: 'close' } })
      .then(
        () => false,
        ({ code }) => code === 'ECONNREFUSED',
      )
  while (!(await isRefused()));
}

/** Leaves no process behind, whatever the test found. */
function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It is gone already.
  }
}

function startServe(t: Test, yaml: object): Program {
  const folder = t.testdir({ 'toolgate.yaml': stringify(yaml) })
  return startProgram(t, ['serve', '--config', `${folder}/toolgate.yaml`])
}

t.test('a sign-in started on one worker is finished on another, and its session is known to both', async (t) => {
  const { origin, yaml } = await startWorkerParts(t)
  const gateway = await startGatewayProcess(t, yaml)
  const [one, other] = await connectionsToBoth(t, origin)
  let client = one
  const browser = createBrowser((url) => (url.startsWith(origin) ? client : undefined))

  const callback = await browser.callbackOf(`${origin}/tool?q=1`)
  client = other
  const tool = await browser.open(callback)
  client = one
  const denied = await browser.load(`${origin}/operators`)

  t.match(tool, { status: 200, url: `${origin}/tool?q=1` })
  t.equal(denied.status, 403)
  // Each worker writes in its own time.
  for (const event of ['sign_in', 'access_denied']) await gateway.says(new RegExp(`"audit":"${event}".*\\n`))
  const workers = ['"audit":"sign_in"', '"audit":"access_denied"'].map((event) => logged(gateway, event)[0]?.worker)
  t.strictSame(workers.toSorted(), [1, 2], 'each has its number in the log')
  t.strictSame(new Set(listening(gateway).map(({ worker }) => worker)), new Set([1, 2]))
})

t.test(
  'a worker that dies is replaced, at once and then ever later; the others go on, and nobody is refused',
  async (t) => {
    const { origin, yaml, tool, isReady } = await startWorkerParts(t)
    const gateway = await startGatewayProcess(t, yaml)
    const [one, other] = await connectionsToBoth(t, origin)
    const slow = [await waiting(one, tool), await waiting(other, tool)]
    const [first] = listening(gateway)

    process.kill(first?.pid ?? 0, 'SIGKILL')
    await gateway.says(/worker ended/)
    const meanwhile = new Set<unknown>()
    while (listening(gateway).length < 3) {
      const { status } = await createBrowser().send(`${origin}/open`, { headers: { connection: 'close' } })
      meanwhile.add(status).add(await isReady())
    }
    for (const { response } of slow) response.end('done')
    const answers = await Promise.all(slow.map(({ answer }) => answer))

    t.strictSame(meanwhile, new Set([200, true]))
    t.strictSame(new Set(answers), new Set(['cut', { status: 200, body: 'done' }]))
    const [end] = logged(gateway, 'worker ended')
    const { worker, pid: worker_pid } = first ?? {}
    t.match(end, { worker, worker_pid, reason: 'SIGKILL', msg: /another starts now/ })
    const [, , second] = listening(gateway)
    t.equal(second?.worker, worker)

    process.kill(second?.pid ?? 0, 'SIGKILL')
    await gateway.says(/worker ended, another starts in 1 s/)

    t.equal(logged(gateway, 'worker ended').length, 2)
    t.equal(await gateway.end('SIGTERM'), 0, 'one that is missing keeps nothing from ending')
  },
)

t.test('signals count for the parent alone: the workers finish what runs, and it ends with 0', async (t) => {
  const { origin, yaml, tool, isReady } = await startWorkerParts(t)
  const gateway = await startGatewayProcess(t, yaml)
  const [one, other] = await connectionsToBoth(t, origin)
  const slow = [await waiting(one, tool), await waiting(other, tool)]

  for (const signal of ['SIGINT', 'SIGTERM']) for (const { pid } of listening(gateway)) process.kill(pid, signal)
  const exit = gateway.end('SIGTERM')
  while (await isReady());
  await untilRefused(`${origin}/open`)
  for (const { response } of slow) response.end('done')

  for (const { answer } of slow) t.strictSame(await answer, { status: 200, body: 'done' })
  t.equal(await exit, 0)
  t.equal(logged(gateway, 'worker ended').length, 0)
})

t.test('workers end with their parent, however it ends', async (t) => {
  const { origin, yaml, tool } = await startWorkerParts(t)
  const gateway = await startGatewayProcess(t, yaml)
  const [one] = await connectionsToBoth(t, origin)
  await waiting(one, tool)

  // It is over once nobody has its output open, workers included.
  const end = await Promise.race([gateway.end('SIGKILL'), setTimeout(15_000, 'workers linger', { ref: false })])

  for (const { pid } of listening(gateway)) kill(pid)
  t.equal(end, 'SIGKILL')
})

for (const key of ['listen', 'admin']) {
  t.test(`a taken port of ${key} is told once for all workers, and the exit code is 1`, async (t) => {
    // As the workers of another gateway have it: they would share it.
    const taken = createServer().listen({ host: '127.0.0.1', port: 0, reusePort: true })
    await once(taken, 'listening')
    t.teardown(() => taken.close())
    const { port } = taken.address() as AddressInfo
    const { yaml } = await startWorkerParts(t)

    const program = startServe(t, { ...yaml, log: { level: 'error' }, [key]: { host: '127.0.0.1', port } })

    t.equal(await program.ended(), 1)
    t.equal(program.output(), `${key}.port: 127.0.0.1:${port} is taken by another process; choose another.\n`)
  })
}

t.test('workers that cannot even start end the whole, with one message', async (t) => {
  const { yaml } = await startWorkerParts(t)
  // Any file that is no certificate.
  const file = fileURLToPath(import.meta.url)
  const tls = { cert: file, key: file }

  const program = startServe(t, { ...yaml, log: { level: 'error' }, listen: { ...yaml.listen, tls } })

  t.equal(await program.ended(), 1)
  t.equal(program.output().match(/^Error: /gm)?.length, 1, program.output())
})

t.test('what front proxies ask is shared like the port of clients', async (t) => {
  const { yaml } = await startWorkerParts(t)
  const forward_auth = { host: '127.0.0.1', port: 0 }
  const routes = [{ name: 'wiki', path: '/wiki', forward_auth: true }]

  const gateway = await startGatewayProcess(t, { ...yaml, forward_auth, trusted_proxies: ['127.0.0.1'], routes })
  await gateway.says(/(?:"worker".*Server listening[\s\S]*){4}/)

  const addresses = listening(gateway).map(({ msg }) => msg)
  t.equal(addresses.length, 4)
  t.equal(new Set(addresses).size, 2)
})

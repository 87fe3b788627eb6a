import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import { parse } from 'yaml'
import { redisServer } from './binaries.ts'
import { freePort } from './free-port.ts'
import { productionBuild } from './production-build.ts'

/** A service of docker-compose.yml, as far as it is used here. */
interface Service {
  readonly image: string
  readonly command: readonly string[]
  readonly entrypoint?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  readonly network_mode?: string
  readonly ports?: readonly string[]
  readonly restart?: string
  readonly volumes?: readonly string[]
  readonly healthcheck?: { readonly test: readonly string[] }
}

/** The services by name. `variables` stand for those of `.env`. */
export type Services = Readonly<Record<string, Service>>

const project = fileURLToPath(new URL('../..', import.meta.url))

/** A file of the project's top level. */
export function projectFile(name: string): string {
  return readFileSync(join(project, name), 'utf8')
}

/** The services of docker-compose.yml with its variables filled in, as compose does it. */
export function servicesOf(text: string, variables: Readonly<Record<string, string>>): Services {
  const filled = text.replace(/\$\{(\w+):\?[^}]*\}/g, (_, name: string) => variables[name] ?? '')
  return parse(filled, { merge: true }).services
}

/** An instruction of the Dockerfile in its exec form; of several the last, as Docker does it. */
function instruction(dockerfile: string, name: string): readonly string[] {
  const line = dockerfile.split('\n').findLast((entry) => entry.startsWith(name)) ?? ''
  return JSON.parse(line.slice(line.indexOf('[')))
}

/**
 * Runs docker-compose.yml without Docker: the same commands with the same environment, from a production build. Only
 * the port numbers differ, for the usual ones may be taken. Everything ends with the test.
 */
export async function startCompose(t: Test, variables: Readonly<Record<string, string>>) {
  const folder = productionBuild(t)
  const ports = new Map<string, string>()
  for (const port of ['6379', '8080', '9090', '9230', '9231', '9232', '9240', '9241', '9242']) {
    ports.set(port, String(await freePort()))
  }
  const moved = (text: string) => text.replace(/\b\d{4}\b/g, (number) => ports.get(number) ?? number)
  for (const name of readdirSync(join(folder, 'config')).filter((entry) => entry.includes('compose'))) {
    const file = join(folder, 'config', name)
    writeFileSync(file, moved(readFileSync(file, 'utf8')))
  }
  const services = servicesOf(moved(projectFile('docker-compose.yml')), variables)
  const dockerfile = moved(projectFile('Dockerfile'))
  mkdirSync(join(folder, 'data'))

  /** Starts a service and waits until its health check succeeds. Gives a way to stop it as `docker stop` does. */
  async function start(name: string) {
    const service = services[name]
    if (service === undefined) throw new Error(`docker-compose.yml has no service ${name}`)
    const isOurs = service.image === 'toolgate'
    const entrypoint = isOurs ? (service.entrypoint ?? instruction(dockerfile, 'ENTRYPOINT')) : []
    const [, ...check] = service.healthcheck?.test ?? ['CMD', ...instruction(dockerfile, 'HEALTHCHECK')]
    const cwd = isOurs ? folder : join(folder, 'data')
    const environment = Object.entries(service.environment ?? {}).map(([key, value]) => `${key}=${value}`)
    // `env -i`: nothing but what the service says, not even the hooks of the test runner.
    const launch = ([program = '', ...args]: readonly string[]) =>
      spawn('env', ['-i', ...environment, programPath(program), ...args], { cwd, stdio: ['ignore', 'pipe', 'pipe'] })

    const child = launch([...entrypoint, ...service.command])
    const output: string[] = []
    child.stdout.on('data', (chunk) => output.push(String(chunk)))
    child.stderr.on('data', (chunk) => output.push(String(chunk)))
    t.teardown(() => child.kill('SIGKILL'))
    await healthy(name, child, () => launch(check), output)

    return {
      pid: child.pid ?? 0,
      output: () => output.join(''),
      /** SIGTERM; gives the exit code. */
      async stop(): Promise<number | null> {
        const exited = once(child, 'exit')
        child.kill('SIGTERM')
        const [code] = await exited
        return code
      },
    }
  }

  return { services, start, url: `http://localhost:${ports.get('8080')}` }
}

function programPath(name: string): string {
  if (name === 'node') return process.execPath
  if (name.startsWith('redis-')) return join(dirname(redisServer()), name)
  throw new Error(`${name} is in no image`)
}

/** Asks until the check succeeds. Throws with what the service wrote when it ends before, or after 60 seconds. */
async function healthy(name: string, child: ChildProcess, check: () => ChildProcess, output: readonly string[]) {
  const deadline = Date.now() + 60_000
  while (Date.now() < deadline && child.exitCode === null) {
    const [code] = await once(check(), 'exit')
    if (code === 0) return
    // Each check is a process: asked without a pause they would keep the service from starting.
    await setTimeout(200)
  }
  throw new Error(`${name} is not healthy:\n${output.join('')}`)
}

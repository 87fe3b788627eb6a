import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** A program of the machine that tests need: its Debian package, its names, and the variable that overrides both. */
export interface Binary {
  readonly variable: string
  readonly package: string
  readonly names: readonly string[]
  /** Where to look besides the PATH. */
  readonly folders?: readonly string[]
}

const redis: Binary = { variable: 'REDIS_SERVER', package: 'redis-server', names: ['redis-server'] }
const browser: Binary = {
  variable: 'CHROMIUM',
  package: 'chromium',
  names: ['chromium', 'chromium-browser', 'google-chrome'],
}

const program = (name: string, debian = name): Binary => ({
  variable: name.toUpperCase().replaceAll('-', '_'),
  package: debian,
  names: [name],
})

const nginxServer: Binary = { ...program('nginx', 'nginx-light'), folders: ['/usr/sbin'] }
const caddyServer = program('caddy')

export const binaries: readonly Binary[] = [redis, browser, nginxServer, caddyServer]

/** What `npm run bench` measures with, and against. Without one of the peers it leaves out that row. */
export const benchBinaries = {
  redis,
  wrk: program('wrk'),
  h2load: program('h2load', 'nghttp2-client'),
  nginx: nginxServer,
  apache: { ...program('apache2'), folders: ['/usr/sbin'] },
  openidc: {
    variable: 'MOD_AUTH_OPENIDC',
    package: 'libapache2-mod-auth-openidc',
    names: ['mod_auth_openidc.so'],
    folders: ['/usr/lib/apache2/modules'],
  },
} as const satisfies Record<string, Binary>

/** No package of Debian has it. */
export const oauth2Proxy: Binary = program('oauth2-proxy')

/** Path of the Redis server. Throws when there is none. */
export function redisServer(): string {
  return required(redis)
}

/** Path of Chromium or Chrome. Throws when there is none. */
export function chromium(): string {
  return required(browser)
}

/** Path of nginx. Throws when there is none. */
export function nginx(): string {
  return required(nginxServer)
}

/** Path of Caddy. Throws when there is none. */
export function caddy(): string {
  return required(caddyServer)
}

/** Where the program is, or `undefined`. Where its variable is set, only what that names counts. */
export function findBinary({ variable, names, folders: more = [] }: Binary): string | undefined {
  const override = process.env[variable]
  if (override) return isThere(override) ? override : undefined
  const folders = [...(process.env.PATH ?? '').split(delimiter).filter(Boolean), ...more]
  return folders.flatMap((folder) => names.map((name) => join(folder, name))).find(isThere)
}

function required(binary: Binary): string {
  const path = findBinary(binary)
  if (path === undefined) throw new Error(`${binary.package} is missing. Run: node test/support/install.ts`)
  return path
}

/** A program that may be run, or a module that may be loaded. */
function isThere(path: string): boolean {
  try {
    accessSync(path, path.endsWith('.so') ? constants.R_OK : constants.X_OK)
    return true
  } catch {
    return false
  }
}

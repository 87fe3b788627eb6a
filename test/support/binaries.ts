import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** A program of the machine that tests need: its Debian package, its names, and the variable that overrides both. */
export interface Binary {
  readonly variable: string
  readonly package: string
  readonly names: readonly string[]
}

const redis: Binary = { variable: 'REDIS_SERVER', package: 'redis-server', names: ['redis-server'] }
const browser: Binary = {
  variable: 'CHROMIUM',
  package: 'chromium',
  names: ['chromium', 'chromium-browser', 'google-chrome'],
}

export const binaries: readonly Binary[] = [redis, browser]

/** Path of the Redis server. Throws when there is none. */
export function redisServer(): string {
  return required(redis)
}

/** Path of Chromium or Chrome. Throws when there is none. */
export function chromium(): string {
  return required(browser)
}

/** Where the program is, or `undefined`. Where its variable is set, only what that names counts. */
export function findBinary({ variable, names }: Binary): string | undefined {
  const override = process.env[variable]
  if (override) return isExecutable(override) ? override : undefined
  const folders = (process.env.PATH ?? '').split(delimiter).filter(Boolean)
  return folders.flatMap((folder) => names.map((name) => join(folder, name))).find(isExecutable)
}

function required(binary: Binary): string {
  const path = findBinary(binary)
  if (path === undefined) throw new Error(`${binary.package} is missing. Run: node test/support/install.ts`)
  return path
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

// Sees to it that the programs tests need are there, or with `bench` those of `npm run bench`. `npm test` runs it first;
// it needs nothing but Node.
import { spawnSync } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { benchBinaries, binaries, findBinary } from './binaries.ts'

const POLICY = '/usr/sbin/policy-rc.d'

const isBench = process.argv[2] === 'bench'
const wanted = isBench ? Object.values(benchBinaries) : binaries
const missing = () => wanted.filter((binary) => findBinary(binary) === undefined)

if (missing().length > 0 && process.getuid?.() === 0 && isDebian()) installPackages()

if (missing().length > 0) {
  const packages = missing().map((binary) => binary.package)
  const variables = missing().map((binary) => binary.variable)
  process.stderr.write(
    `${isBench ? 'The benchmarks' : 'The tests'} need ${packages.join(' and ')}. Install with: apt-get install ${packages.join(' ')}, ` +
      `or set ${variables.join(' and ')} to the path of the program.\n`,
  )
  process.exitCode = 1
}

function isDebian(): boolean {
  try {
    return /^ID=debian$/m.test(readFileSync('/etc/os-release', 'utf8'))
  } catch {
    return false
  }
}

function installPackages(): void {
  const packages = missing().map((binary) => binary.package)
  process.stderr.write(`Installing ${packages.join(' and ')}.\n`)
  if (!aptGet('update', '--quiet')) return

  // Stopped by a signal, apt-get ends and we still clean up.
  process.on('SIGINT', () => {})
  process.on('SIGTERM', () => {})
  const isOurs = forbidServices()
  try {
    aptGet('install', '--quiet', '--yes', '--no-install-recommends', ...packages)
  } finally {
    if (isOurs) rmSync(POLICY, { force: true })
  }
}

/** Has Debian start no service while packages are installed. False where the machine has a policy of its own. */
function forbidServices(): boolean {
  try {
    writeFileSync(POLICY, '#!/bin/sh\nexit 101\n', { flag: 'wx', mode: 0o755 })
    return true
  } catch {
    return false
  }
}

function aptGet(...args: string[]): boolean {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  return spawnSync('apt-get', args, { stdio: ['ignore', 'ignore', 'inherit'], env }).status === 0
}

import { spawnSync } from 'node:child_process'
import { cpus, release, totalmem } from 'node:os'
import { benchBinaries, findBinary, oauth2Proxy } from '../test/support/binaries.ts'

/** What a reader must know of the machine to make sense of figures, as a Markdown list. */
export function machine(now: Date): string {
  const [cpu] = cpus()
  const version = (binary: { readonly package: string } & Parameters<typeof findBinary>[0], flag: string) => {
    const path = findBinary(binary)
    return path === undefined ? 'not installed' : versionOf(path, flag)
  }
  const facts: readonly (readonly [string, string])[] = [
    ['date', now.toISOString().slice(0, 10)],
    ['CPU', `${cpu?.model.trim()}, ${cpus().length} cores`],
    ['memory', `${Math.round(totalmem() / 1e9)} GB`],
    ['kernel', `Linux ${release()}`],
    ['Node', process.version],
    ['nginx', version(benchBinaries.nginx, '-v')],
    ['Apache', version(benchBinaries.apache, '-v')],
    ['mod_auth_openidc', versionOf('dpkg-query', '-Wf${Version}', 'libapache2-mod-auth-openidc') || 'not known'],
    ['oauth2-proxy', version(oauth2Proxy, '--version')],
    ['Redis', version(benchBinaries.redis, '--version')],
    ['wrk', version(benchBinaries.wrk, '-v')],
    ['h2load', version(benchBinaries.h2load, '--version')],
  ]
  return facts.map(([name, value]) => `- ${name}: ${value}`).join('\n')
}

/** The first line of what a program says of itself, in whichever way. */
function versionOf(command: string, ...args: readonly string[]): string {
  const { stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' })
  return (stdout || stderr || '').split('\n')[0] ?? ''
}

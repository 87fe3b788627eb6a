import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import type { Test } from 'tap'
import { caddy, nginx } from './binaries.ts'

/** Where the parts are that the document's configs name by its own addresses. */
export interface FrontPorts {
  readonly front: number
  readonly gateway: number
  readonly auth: number
  readonly tool: number
}

/** The config in docs/forward-auth.md, with the ports of this test. */
function documented(language: 'nginx' | 'caddyfile', { gateway, auth, tool }: FrontPorts): string {
  const document = readFileSync(new URL('../../docs/forward-auth.md', import.meta.url), 'utf8')
  const [, config = ''] = new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``).exec(document) ?? []
  return config
    .replaceAll('127.0.0.1:8080', `127.0.0.1:${gateway}`)
    .replaceAll('127.0.0.1:9091', `127.0.0.1:${auth}`)
    .replaceAll('127.0.0.1:3000', `127.0.0.1:${tool}`)
}

/** An nginx with the documented config, without TLS. It ends with the test. */
export async function startNginx(t: Test, ports: FrontPorts): Promise<void> {
  const folder = await newFolder(t)
  const server = documented('nginx', ports)
    .replace('listen 443 ssl;', `listen 127.0.0.1:${ports.front};`)
    .replaceAll(/^ *ssl_certificate.*$/gm, '')
    .replace('server_name tools.acme.io;', 'server_name localhost;')
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${folder}/${name};`,
  )
  const config = `daemon off; pid ${folder}/pid; error_log stderr crit; events {}
http { access_log off; ${temporary.join(' ')}
${server} }`
  await writeFile(join(folder, 'nginx.conf'), config)
  await run(t, ports.front, spawn(nginx(), ['-p', folder, '-e', 'stderr', '-c', join(folder, 'nginx.conf')]))
}

/** A Caddy with the documented config, without TLS. It ends with the test. */
export async function startCaddy(t: Test, ports: FrontPorts): Promise<void> {
  const folder = await newFolder(t)
  const site = documented('caddyfile', ports).replace('tools.acme.io', `http://localhost:${ports.front}`)
  await writeFile(join(folder, 'Caddyfile'), `{\n\tadmin off\n\tdefault_bind 127.0.0.1\n}\n${site}`)
  const env = { PATH: process.env.PATH, HOME: folder, XDG_CONFIG_HOME: folder, XDG_DATA_HOME: folder }
  const args = ['run', '--adapter', 'caddyfile', '--config', join(folder, 'Caddyfile')]
  await run(t, ports.front, spawn(caddy(), args, { env }))
}

async function newFolder(t: Test): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'toolgate-front-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** Waits until it takes connections. */
async function run(t: Test, port: number, child: ChildProcess): Promise<void> {
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (output += chunk))
  const exit = once(child, 'exit')
  // A test that is given up leaves no server behind.
  const endAtExit = () => child.kill()
  process.once('exit', endAtExit)
  t.teardown(async () => {
    process.off('exit', endAtExit)
    child.kill()
    await exit
  })
  while (!(await isOpen(port))) {
    if (child.exitCode !== null) throw new Error(`${child.spawnfile} ended before it was ready:\n${output}`)
    await setTimeout(20)
  }
}

async function isOpen(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  return once(socket, 'connect')
    .then(
      () => true,
      () => false,
    )
    .finally(() => socket.destroy())
}

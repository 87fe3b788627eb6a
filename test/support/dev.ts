import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import { freePort } from './free-port.ts'
import { type Program, startProgram } from './gateway-process.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const ports = [8080, 9090, 9230, 9231, 9232, 9240, 9241, 9242]
const files = ['config/toolgate.dev.yaml', 'config/local-cognito.yaml', 'src/cli/dev.ts']

/** What `npm start` runs, with the address of the gateway and of the local Cognito's switches. */
export interface Dev {
  readonly origin: string
  readonly control: string
  readonly program: Program
}

/** Runs `toolgate dev` in a copy of the sources whose fixed ports are free ones, so that it can run beside `npm start`. */
export async function startDev(t: Test): Promise<Dev> {
  const { folder, port } = await copyOfDev(t)
  const program = startProgram(t, ['dev'], join(folder, 'src/main.ts'))
  await program.says(/Ctrl\+C/)
  return { origin: `http://localhost:${port(8080)}`, control: `http://127.0.0.1:${port(9232)}`, program }
}

/** A copy of the sources to run `toolgate dev` in, and which port stands in for which. */
export async function copyOfDev(t: Test) {
  const folder = await mkdtemp(join(tmpdir(), 'toolgate-dev-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  for (const part of ['src', 'config', 'package.json'])
    await cp(join(root, part), join(folder, part), { recursive: true })
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'))

  const replacements = new Map<number, number>()
  for (const port of ports) replacements.set(port, await freePort())
  const port = (standard: number) => replacements.get(standard) ?? standard
  for (const name of files) {
    const file = join(folder, name)
    const text = await readFile(file, 'utf8')
    await writeFile(
      file,
      text.replace(/\b\d{4}\b/g, (digits) => String(port(Number(digits)))),
    )
  }
  const config = join(folder, 'config/toolgate.dev.yaml')
  await writeFile(config, `${await readFile(config, 'utf8')}\nadmin: { port: ${port(9090)} }\n`)
  return { folder, port }
}

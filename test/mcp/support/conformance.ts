import { spawn } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import { parse } from 'yaml'

export type Revision = '2025-11-25' | '2026-07-28'

interface Check {
  readonly id: string
  readonly status: 'SUCCESS' | 'FAILURE' | 'WARNING' | 'SKIPPED' | 'INFO'
  readonly errorMessage?: string
}

const suite = new URL('.', import.meta.resolve('@modelcontextprotocol/conformance/package.json'))

/** What a server has to pass to conform to a revision, by name. */
export async function requiredScenarios(revision: Revision): Promise<readonly string[]> {
  const { server } = parse(await readFile(new URL(`requirements/${revision}.yaml`, suite), 'utf8'))
  return server
}

/** Runs the official suite against a server, and asserts that each of the scenarios was run and is without a complaint. */
export async function assertConforms(t: Test, url: string, revision: Revision, scenarios: readonly string[]) {
  const { folder, stdout } = start(['server', '--url', url, '--requirements', revision], t)
  await stdout.resume().toArray()
  const results = await checksByScenario(folder)

  const isComplaint = ({ status }: Check) => status === 'FAILURE' || status === 'WARNING'
  for (const scenario of scenarios) {
    const complaints = results.get(scenario)?.filter(isComplaint)
    t.same(
      complaints?.map(({ id, errorMessage }) => `${id}: ${errorMessage}`),
      [],
      `${revision} ${scenario}`,
    )
  }
}

/** Runs the suite for authorization servers. `visit` gets the authorization request that a person is to open. */
export async function authorizationChecks(
  t: Test,
  args: readonly string[],
  visit: (url: string) => Promise<void>,
): Promise<readonly Check[]> {
  const child = start(['authorization', ...args], t)
  for await (const line of createInterface(child.stdout)) {
    if (/^https?:.*[?&]response_type=/.test(line)) await visit(line)
  }
  return [...(await checksByScenario(child.folder)).values()].flat()
}

/** Starts a command of the suite. It ends with the test at the latest. */
function start(args: readonly string[], t: Test) {
  const folder = t.testdir({})
  const program = [fileURLToPath(new URL('dist/index.js', suite)), ...args, '--output-dir', folder]
  const env = { ...process.env, NODE_OPTIONS: '' }
  const child = spawn(process.execPath, program, { stdio: ['ignore', 'pipe', 'inherit'], env })
  t.teardown(() => child.kill())
  return { folder, stdout: child.stdout }
}

/** The suite writes `COMMAND-SCENARIO-TIME/checks.json` for each. */
async function checksByScenario(folder: string): Promise<Map<string, readonly Check[]>> {
  const names = (await readdir(folder)).sort((one, other) => timeIn(one).localeCompare(timeIn(other)))
  const entries = names.map(async (name): Promise<[string, Check[]]> => {
    const checks: Check[] = JSON.parse(await readFile(join(folder, name, 'checks.json'), 'utf8'))
    return [name.slice(name.indexOf('-') + 1, -timeIn(name).length - 1), checks]
  })
  return new Map(await Promise.all(entries))
}

const timeIn = (name: string) => /\d{4}-\d{2}-\d{2}T.*$/.exec(name)?.[0] ?? ''

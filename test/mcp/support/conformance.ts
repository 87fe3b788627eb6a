import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
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
  const results = t.testdir({})
  await conformance(['server', '--url', url, '--requirements', revision, '--output-dir', results])

  const complaints = await complaintsByScenario(results)
  for (const scenario of scenarios) t.same(complaints.get(scenario), [], `${revision} ${scenario}`)
}

/** Runs a command of the suite until it ends. Gives what it said. */
async function conformance(args: readonly string[]): Promise<string> {
  const child = spawn(process.execPath, [fileURLToPath(new URL('dist/index.js', suite)), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_OPTIONS: '' },
  })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  await once(child, 'close')
  return output
}

/** The suite writes `server-SCENARIO-TIME/checks.json` for each. */
async function complaintsByScenario(results: string): Promise<Map<string, readonly string[]>> {
  const folders = await readdir(results)
  const entries = folders.map(async (folder): Promise<[string, string[]]> => {
    const checks: Check[] = JSON.parse(await readFile(join(results, folder, 'checks.json'), 'utf8'))
    const complaints = checks.filter(({ status }) => status === 'FAILURE' || status === 'WARNING')
    const scenario = folder.replace(/^server-(.*)-\d{4}-\d{2}-\d{2}T.*$/, '$1')
    return [scenario, complaints.map(({ id, errorMessage }) => `${id}: ${errorMessage}`)]
  })
  return new Map(await Promise.all(entries))
}

import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'

const project = fileURLToPath(new URL('../..', import.meta.url))

/**
 * What the image holds: `dist/` as `npm run build` makes it, `config/`, the documents, and of all packages only those that
 * `npm ci --omit=dev` installs. Gives its folder, which ends with the test.
 */
export function productionBuild(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'toolgate-build-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const tsc = join(project, 'node_modules/typescript/bin/tsc')
  // Types are for `npm run check`: without them it takes a tenth of the time and writes the same.
  const options = ['-p', join(project, 'tsconfig.build.json'), '--noCheck', '--outDir', join(folder, 'dist')]
  // `env -i`: the test runner gives its hooks to every Node.js it sees started.
  execFileSync('env', ['-i', process.execPath, tsc, ...options])
  for (const name of ['package.json', 'config', 'docs'])
    cpSync(join(project, name), join(folder, name), { recursive: true })
  for (const path of productionPackages()) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    symlinkSync(join(project, path), join(folder, path), 'dir')
  }
  return folder
}

/** Paths such as `node_modules/fastify`; what is nested in one comes with it. */
function productionPackages(): readonly string[] {
  const { packages } = JSON.parse(readFileSync(join(project, 'package-lock.json'), 'utf8'))
  const installed = Object.entries<{ readonly dev?: boolean }>(packages).filter(([, { dev = false }]) => !dev)
  return installed.map(([path]) => path).filter((path) => path.split('node_modules/').length === 2)
}

import type { Test } from 'tap'
import { Agent } from 'undici'
import { createBrowser } from './browser.ts'
import { startParts } from './stack.ts'

/** Finds every name on this machine, as browsers find those below `localhost`. */
export const loopback = new Agent({
  connect: { lookup: (_name, _options, done) => done(null, [{ address: '127.0.0.1', family: 4 }]) },
})

/** A browser that finds the hosts of `startHosts`. */
export const createHostBrowser = () => createBrowser(() => loopback)

/** The parts of a gateway with tools on `public_url`'s host and on two others. */
export async function startHosts(t: Test, options: Parameters<typeof startParts>[1] = {}) {
  const parts = await startParts(t, options)
  const { port } = new URL(parts.origin)
  const at = (name: string) => `http://${name}.localhost:${port}`
  const routes = [
    ...parts.yaml.routes,
    { name: 'reports', host: 'reports.localhost', path: '/tool', upstream: parts.echo.url },
    { name: 'root', host: 'wiki.localhost', path: '/', upstream: parts.echo.url },
  ]
  return { ...parts, reports: at('reports'), wiki: at('wiki'), yaml: { ...parts.yaml, routes } }
}

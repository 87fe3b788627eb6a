import { isLoopback } from '../core/loopback.ts'
import type { Findings } from './findings.ts'
import { isHttpsOrLoopback, parseUrl } from './leaves.ts'
import { routeOrigin } from './route-origin.ts'
import type { DraftRoute } from './route-rules.ts'
import type { Draft } from './schema.ts'

/** All hosts have the scheme of public_url, and browsers keep cookies by the name of a host, whatever its port. */
export function checkHost({ host }: DraftRoute, draft: Draft, path: string, { problem }: Findings): void {
  const publicUrl = parseUrl(draft.public_url ?? '')
  if (host === undefined || publicUrl === undefined) return
  const urlOf = (name: string) => URL.parse(routeOrigin(name, publicUrl.origin)) ?? publicUrl
  const own = urlOf(host)
  if (!isHttpsOrLoopback(own.origin)) {
    problem(`${path}.host`, 'is beyond this machine, and public_url is plain http; make public_url https://')
  }
  const all = [publicUrl, ...(draft.routes ?? []).flatMap((route) => route?.host ?? []).map(urlOf)]
  if (all.some((other) => other.hostname === own.hostname && other.host !== own.host)) {
    problem(`${path}.host`, 'differs from another host in its port alone, and browsers tell no ports apart; rename one')
  }
}

/** Our consent page is of the origin of every tool on its host, whose scripts could answer it. On this machine that is nobody's loss. */
export function warnOfSharedHost(route: DraftRoute, draft: Draft, path: string, { warning }: Findings): void {
  const publicUrl = draft.public_url ?? ''
  const originOf = ({ host }: DraftRoute) => routeOrigin(host?.toLowerCase(), publicUrl)
  const own = parseUrl(originOf(route))
  if (route.mcp === undefined || own === undefined || isLoopback(own.hostname)) return
  const others = (draft.routes ?? []).filter((other) => other !== undefined)
  const beside = others.find((other) => other.mcp === undefined && originOf(other) === originOf(route))
  if (beside === undefined) return
  warning(
    path,
    `is on one host with ${beside.name}, whose pages could answer our consent page; give one a host of its own`,
  )
}

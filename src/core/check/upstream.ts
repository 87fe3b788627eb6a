import { type Finding, findingsAbout } from '../finding.ts'
import type { Route } from '../route.ts'
import { failureText, type ProbeFailure } from './probe.ts'

/** A connection that was made and closed. `certificateEndsAt`: milliseconds since the epoch; absent without TLS. */
interface Reached {
  readonly certificateEndsAt: number | undefined
}

export type Reach = (route: Route) => Promise<Reached | ProbeFailure>

const soonMs = 14 * 24 * 60 * 60 * 1000

/** Whether a route's upstream can be connected to, as a request to it would. */
export async function checkUpstream(route: Route, reach: Reach, now: number): Promise<readonly Finding[]> {
  const { ok, problem, warning, unknown } = findingsAbout('upstreams')
  const question = `Does the upstream of ${route.name} answer?`
  const { origin, tls } = route.upstream
  const reached = await reach(route)

  if (!('failure' in reached)) {
    const daysLeft = Math.ceil(((reached.certificateEndsAt ?? Number.POSITIVE_INFINITY) - now) / 86_400_000)
    if (tls?.insecure !== true && daysLeft * 86_400_000 <= soonMs) {
      return [
        warning(question, `Yes: ${origin}, but its certificate ends within ${Math.max(1, daysLeft)} days.`, {
          remedy: 'Renew the certificate of the upstream.',
        }),
      ]
    }
    return [ok(question, `Yes: ${origin}`)]
  }
  const answer = `No: ${origin}, ${failureText(reached)}.`
  if (reached.failure === 'not_asked') return [unknown(question, answer)]
  return [problem(question, answer, { remedy: remedies[reached.failure] })]
}

const remedies: Readonly<Record<Exclude<ProbeFailure['failure'], 'not_asked'>, string>> = {
  refused: 'Start the tool, or correct the port in upstream.',
  unresolved: 'Correct the host in upstream, or see to the DNS of this machine.',
  timeout: 'See that this machine may reach the tool: address, firewall, security group.',
  certificate: 'Set tls.ca to who vouches for it and tls.server_name to the name in it, or give it a valid one.',
  broken: 'See that the tool speaks what upstream says: http:// or https://.',
}

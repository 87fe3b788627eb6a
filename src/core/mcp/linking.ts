import type { Connections } from '../connections.ts'
import { GatewayError } from '../errors.ts'
import { displayName } from '../identity.ts'
import type { User } from '../passage.ts'
import type { Audit, Sleep } from '../ports.ts'
import type { Provider } from '../provider.ts'
import { missingScopes } from '../replace-tokens.ts'
import type { GuardedRoute } from '../route.ts'
import { ConnectionError } from '../upstream-tokens.ts'
import type { ConnectLinks } from './connect-link.ts'
import { askToOpen, reactionIn } from './elicitation.ts'
import { grantKey } from './grant.ts'
import type { GrantStore, HeldGrant } from './grant-store.ts'
import type { McpDemand } from './message.ts'

/** What a person who opened a link is asked. */
export interface Linking {
  readonly provider: Provider
  readonly route: GuardedRoute
  /** The app that wants to use the account; `undefined` for none, and for one that has no access any more. */
  readonly app: HeldGrant | undefined
  /** The account is linked, with all that the tool needs. */
  readonly isLinked: boolean
  /** Nothing is left to ask. */
  readonly isDone: boolean
}

interface LinkingOptions {
  readonly links: ConnectLinks
  readonly grants: Pick<GrantStore, 'read' | 'change'>
  readonly connections: Pick<Connections, 'list'>
  readonly routes: readonly GuardedRoute[]
  readonly sleep: Sleep
  readonly audit: Audit
}

/** A call that waits for its user. */
interface Waiting<Result> {
  readonly demand: McpDemand
  readonly admit: () => Promise<Result>
  /** Nobody waits for the answer any more. */
  readonly isGone: () => boolean
}

const waitMs = 500
/** Clients give up after a minute. */
const mostWaits = 90

/** Links that MCP clients give to their users. See `createLinkings`. */
export type Linkings = ReturnType<typeof createLinkings>

/** All throw `link_expired` for a link that says nothing any more, `link_of_another` to whom it is not for, `store_unavailable`. */
export function createLinkings({ links, grants, connections, routes, sleep, audit }: LinkingOptions) {
  /**
   * What a link asks of whoever opened it. Only the user of the app may answer: another one would link an account of
   * theirs for somebody else, or be led to (2026-07-28, Elicitation, Phishing).
   */
  async function open(user: User, providerName: string, sealed: string): Promise<Linking> {
    const link = links.read(providerName, sealed)
    const route = routes.find(({ name }) => name === link?.route)
    const connection = (await connections.list(user)).find(({ provider }) => provider.name === link?.provider)
    if (link === undefined || route === undefined || connection === undefined) throw new GatewayError('link_expired')
    const { provider, state, held } = connection
    if (link.user !== user.key) {
      audit('access_denied', { user: user.key, route: route.name, provider: provider.name, reason: 'link_of_another' })
      throw new GatewayError('link_of_another', { signedInAs: displayName(user), provider })
    }
    const needed = route.provider === provider.name ? route.scopes : []
    const isLinked = state === 'connected' && missingScopes(needed, held?.set.scopes ?? []).length === 0
    const app = link.grant && (await grants.read(grantKey({ user: user.session.user, id: link.grant }), []))
    const isDone = isLinked && (!app || app.grant.accounts.includes(provider.name))
    if (link.isOver && !isDone) throw new GatewayError('link_expired', { provider })
    return { provider, route, app: app || undefined, isLinked, isDone }
  }

  /** The app may use the account from now on. */
  async function allow({ app, provider }: Linking): Promise<void> {
    if (app === undefined) return
    await grants.change(app, ({ accounts }) => ({ accounts: [...new Set([...accounts, provider.name])] }))
  }

  /** The answer to a call that an account is missing for; `undefined` for what has no answer in JSON-RPC. */
  function ask(error: ConnectionError, demand: McpDemand): object | undefined {
    const { user, route, grant, provider } = error
    const link = { user: user.key, provider: provider.name, route, ...(grant && { grant: grant.id }) }
    const page = { key: keyOf(error), url: links.to(link), account: provider.title, tool: demand.tool ?? 'This' }
    return askToOpen(demand, page, grant)
  }

  /**
   * Where the client says that its user went to connect the account: asks again and again, for as long as clients wait
   * for an answer. Throws what `admit` throws.
   */
  async function awaited<Result>(error: ConnectionError, { demand, admit, isGone }: Waiting<Result>): Promise<Result> {
    let failure: unknown = error
    for (let waits = 0; waits < mostWaits && !isGone() && isConnecting(failure, demand); waits++) {
      await sleep(waitMs)
      try {
        return await admit()
      } catch (again) {
        failure = again
      }
    }
    throw failure
  }

  return { open, allow, ask, awaited }
}

function isConnecting(error: unknown, demand: McpDemand): boolean {
  return error instanceof ConnectionError && reactionIn(demand, keyOf(error)) === 'accept'
}

/** Among all that a server may ask, by name. */
function keyOf({ provider }: ConnectionError): string {
  return `toolgate.connect.${provider.name}`
}

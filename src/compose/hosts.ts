import type { Config } from '../config/schema.ts'
import { createAttempts } from '../core/attempt.ts'
import type { Endings } from '../core/endings.ts'
import type { Guard } from '../core/guard.ts'
import { createHandOver } from '../core/hand-over.ts'
import { createHandOverCodes } from '../core/hand-over-codes.ts'
import type { Authorization } from '../core/mcp/authorization.ts'
import type { AnswerConsented } from '../core/mcp/consented.ts'
import type { Audit, Clock, Keyring, RecordStore } from '../core/ports.ts'
import type { Provider } from '../core/provider.ts'
import type { RoundTrips } from '../core/round-trip.ts'
import type { RouteTable } from '../core/route-table.ts'
import { createSealedCookies } from '../core/sealed-cookies.ts'
import { createSignInForHost } from '../core/sign-in-for-host.ts'
import { createAskForScopes, createRefusedScopes } from '../core/step-up.ts'
import type { UserStore } from '../core/user-store.ts'

/** What each host keeps in browsers, by its origin. */
export function composeCookies(keyring: Keyring, cookieName: string, now: Clock) {
  const sealedOn = (origin: string) => createSealedCookies(keyring, new URL(origin).host)
  return {
    sealedOn,
    attemptsOn: (origin: string) => createAttempts({ sealed: sealedOn(origin), cookieName, now }),
    refusedScopesOn: (origin: string) => createRefusedScopes(sealedOn(origin), cookieName, now),
  }
}

interface HostsOptions {
  readonly config: Config
  readonly cookieName: string
  readonly cookies: ReturnType<typeof composeCookies>
  readonly records: RecordStore
  readonly keyring: Keyring
  readonly userStore: UserStore
  readonly endings: Endings
  readonly providers: ReadonlyMap<string, Provider>
  readonly table: RouteTable
  readonly guard: Pick<Guard, 'admit' | 'identify'>
  readonly roundTrips: RoundTrips
  readonly mcp: { readonly answerConsented: AnswerConsented; readonly readAuthorization: Authorization['read'] }
  readonly now: Clock
  readonly audit: Audit
}

/** How people get from host to host: all sign in at `public_url`. */
export function composeHosts(options: HostsOptions) {
  const {
    config,
    cookieName,
    cookies,
    records,
    keyring,
    userStore,
    endings,
    providers,
    table,
    guard,
    mcp,
    now,
    audit,
  } = options
  const { attemptsOn, refusedScopesOn } = cookies
  const at = { publicUrl: config.public_url, basePath: config.base_path }
  const askForScopes = createAskForScopes({ begin: options.roundTrips.begin, refusedScopesOn, ...at })
  const handOver = createHandOver({
    codes: createHandOverCodes({ records, keyring, now }),
    store: userStore,
    ...{ providers, endings, attemptsOn, refusedScopesOn, cookieName, now, audit },
    answerConsented: mcp.answerConsented,
    ...at,
  })
  const signInForHost = createSignInForHost({
    ...{ guard, table, providers, handOver, askForScopes },
    refusedScopes: refusedScopesOn(at.publicUrl),
    readAuthorization: mcp.readAuthorization,
    ...at,
  })
  return { askForScopes, handOver, signInForHost }
}

import { shown } from '../core/check/probe.ts'
import type { HeldTokens } from '../core/held-records.ts'
import { userKey } from '../core/session.ts'
import type { UserView } from '../core/users.ts'

/** A user as `users show --json` prints it. Times are RFC 3339. */
export type UserFacts = ReturnType<typeof factsOf>

/** What a user has. No token and no id goes in. */
export function factsOf({ user: { provider, sub }, email, sessions, tokens, grants }: UserView) {
  return {
    user: userKey(provider, sub),
    provider,
    sub,
    email: email ?? null,
    sessions: sessions.map(({ session, lastUsedAt, endsAt }) => ({
      since: timeOf(session.createdAt),
      last_used: lastUsedAt === undefined ? null : timeOf(lastUsedAt),
      ends: timeOf(endsAt),
      browser: session.browser ?? null,
    })),
    connections: tokens.map((held) => connectionOf(held, provider)),
    grants: grants.map(({ grant: { client, resource, scopes, createdAt, endsAt } }) => ({
      client: client.name,
      resource,
      scopes,
      since: timeOf(createdAt),
      ends: timeOf(endsAt),
    })),
  }
}

function connectionOf({ provider, state, reason, set }: HeldTokens, signIn: string) {
  return {
    provider,
    sign_in: provider === signIn,
    state: state === 'live' ? 'connected' : 'refused',
    scopes: set.scopes,
    valid_until: timeOf(set.expiresAt),
    kept_until: timeOf(set.endsAt),
    last_refresh: timeOf(set.obtainedAt),
    last_error: reason === '' ? null : reason,
  }
}

function timeOf(at: number): string {
  return new Date(at).toISOString()
}

/** The same for people. */
export function report({ user, email, sessions, connections, grants }: UserFacts): string {
  return [
    shown(email === null ? user : `${user}  ${email}`),
    ...section('Sessions', sessions, ({ since, last_used, ends, browser }) => [
      shown(browser ?? 'a browser'),
      `since ${minute(since)}`,
      last_used === null ? 'last used lately' : `last used ${minute(last_used)}`,
      `ends ${minute(ends)}`,
    ]),
    ...section('Connections', connections, ({ provider, sign_in, scopes, valid_until, last_refresh, last_error }) => [
      sign_in ? `${provider} (sign-in)` : provider,
      `valid until ${minute(valid_until)}`,
      `last refresh ${minute(last_refresh)}`,
      last_error === null ? 'no error' : shown(`refused: ${last_error}`),
      shown(scopes.join(' ')),
    ]),
    ...section('MCP clients', grants, ({ client, resource, scopes, since, ends }) => [
      shown(client),
      shown(resource),
      `since ${minute(since)}`,
      `ends ${minute(ends)}`,
      shown(scopes.join(' ')),
    ]),
  ].join('\n')
}

function section<Entry>(title: string, entries: readonly Entry[], cellsOf: (entry: Entry) => string[]): string[] {
  if (entries.length === 0) return [`  ${title}: none`]
  const rows = entries.map(cellsOf)
  const widthOf = (column: number) => Math.max(...rows.map((row) => row[column]?.length ?? 0))
  const lines = rows.map((row) => row.map((cell, at) => cell.padEnd(widthOf(at))).join('  '))
  return [`  ${title}`, ...lines.map((line) => `    ${line.trimEnd()}`)]
}

/** To the minute, in UTC. */
function minute(time: string): string {
  return `${time.slice(0, 16).replace('T', ' ')}Z`
}

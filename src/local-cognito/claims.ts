import { createHash } from 'node:crypto'
import type { Client, User } from './schema.ts'

const verified = new Set(['email_verified', 'phone_number_verified'])

const scopeAttributes: Readonly<Record<string, readonly string[]>> = {
  email: ['email', 'email_verified'],
  phone: ['phone_number', 'phone_number_verified'],
  profile: [
    'name',
    'family_name',
    'given_name',
    'middle_name',
    'nickname',
    'preferred_username',
    'profile',
    'picture',
    'website',
    'gender',
    'birthdate',
    'zoneinfo',
    'locale',
    'address',
    'updated_at',
  ],
}

/** A user id shaped like Cognito's, the same after every start. */
export function subjectOf(poolId: string, user: User): string {
  if (user.sub !== undefined) return user.sub
  const digest = createHash('sha256').update(`${poolId}/${user.username}`).digest('hex')
  return digest.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, '$1-$2-$3-$4-$5')
}

/**
 * The attributes a token with these scopes shows: `openid` alone is all of them, `profile` includes `custom:*`.
 * `email_verified` is a boolean here, every other value a string.
 */
export function attributesFor(user: User, client: Client, scopes: readonly string[]): Record<string, string | boolean> {
  const wanted = scopes.filter((scope) => scope in scopeAttributes)
  const isWanted = (name: string) =>
    wanted.length === 0 ||
    wanted.some((scope) => scopeAttributes[scope]?.includes(name)) ||
    (name.startsWith('custom:') && wanted.includes('profile'))
  const own = { ...(user.email === undefined ? {} : { email: user.email, email_verified: user.email_verified }) }
  return Object.fromEntries(
    Object.entries({ ...own, ...user.attributes })
      .filter(([name]) => isWanted(name) && isReadable(client, name))
      .map(([name, value]) => [name, verified.has(name) ? String(value) === 'true' : String(value)]),
  )
}

/** Whether the client may read every attribute that its scopes stand for. */
export function canReadScopes(client: Client, scopes: readonly string[]): boolean {
  return scopes.flatMap((scope) => scopeAttributes[scope] ?? []).every((name) => isReadable(client, name))
}

function isReadable(client: Client, name: string): boolean {
  return client.readable_attributes === 'all' || client.readable_attributes.includes(name)
}

import type { Keyring } from './ports.ts'

/** Cookies as a browser sent them. */
export type Cookies = Readonly<Record<string, string | undefined>>

/** A cookie to set; `maxAgeSeconds` 0 removes it. */
export interface CookieChange {
  readonly name: string
  readonly value: string
  readonly maxAgeSeconds: number
}

/** What a browser keeps for us and cannot read, change or bring elsewhere. See `createSealedCookies`. */
export interface SealedCookies {
  /** A change that sets the cookie. The purpose is bound in: no cookie can stand in for one of another kind. */
  readonly set: (purpose: string, name: string, value: unknown, maxAgeSeconds: number) => CookieChange
  /** What was sealed; `undefined` for none, and for one that is not ours, was changed, or is of another host. */
  readonly read: <T>(purpose: string, name: string, cookies: Cookies) => T | undefined
}

/** Those of an origin of ours: what one host keeps in a browser says nothing at another. */
export type SealedCookiesOn = (origin: string) => SealedCookies

const maxLength = 8192
/** Raised when what is sealed changes its shape: a cookie of another release is then as good as none. */
const shape = 1

/** Seals cookies for one host. */
export function createSealedCookies(keyring: Keyring, host: string): SealedCookies {
  const contextOf = (name: string) => `${name}|${host}|${shape}`

  return {
    set(purpose, name, value, maxAgeSeconds) {
      const sealed = keyring.seal(purpose, contextOf(name), Buffer.from(JSON.stringify(value)))
      return { name, value: Buffer.from(sealed).toString('base64url'), maxAgeSeconds }
    },
    read(purpose, name, cookies) {
      const value = cookies[name]
      if (value === undefined || value.length > maxLength) return undefined
      const plain = keyring.open(purpose, contextOf(name), Buffer.from(value, 'base64url'))
      return plain === undefined ? undefined : JSON.parse(Buffer.from(plain).toString())
    },
  }
}

/** A change that removes a cookie. */
export function removed(name: string): CookieChange {
  return { name, value: '', maxAgeSeconds: 0 }
}

import type { Clock, Keyring } from '../ports.ts'
import { isEqualSecret } from '../secret.ts'
import type { Client } from './client.ts'
import { type ClientMetadata, readClientMetadata } from './client-metadata.ts'
import { OAuthError } from './oauth-error.ts'

interface RegistrationOptions {
  /** Of keys that outlast the encryption keys: an id is kept by the client, where nothing seals it anew. */
  readonly lastingKeyring: () => Promise<Keyring>
  readonly now: Clock
}

/** What is sealed in a client's id. */
interface Registered extends ClientMetadata {
  /** Seconds since the epoch. */
  readonly until: number
}

const prefix = 'reg_'
const purpose = 'client'
const validSeconds = 180 * 24 * 3600
/** It travels in addresses, with much else. */
const maxIdLength = 1200

/** Dynamic client registration (RFC 7591). Both throw `store_unavailable`. See `createRegistration`. */
export type Registration = ReturnType<typeof createRegistration>

/**
 * Clients that register by themselves, and of whom nothing is stored: a client's id is what it said of itself, sealed, for
 * the issuer where it did. Whoever registers a thousand clients has a thousand ids to keep.
 */
export function createRegistration({ lastingKeyring, now }: RegistrationOptions) {
  /** The id is its own salt. */
  const secretsOf = (keyring: Keyring, id: string) => keyring.digests('client secret', id)

  return {
    /** Registers a client, and gives what it is told (section 3.2.1). Throws as `readClientMetadata`. */
    async register(body: unknown, issuer: string) {
      const keyring = await lastingKeyring()
      const metadata = readClientMetadata(body, 'client_secret_basic')
      const issuedAt = Math.floor(now() / 1000)
      const registered: Registered = { ...metadata, until: issuedAt + validSeconds }
      const sealed = keyring.seal(purpose, issuer, Buffer.from(JSON.stringify(registered)))
      const id = prefix + Buffer.from(sealed).toString('base64url')
      if (id.length > maxIdLength)
        throw new OAuthError(
          'invalid_client_metadata',
          'is too much: register fewer redirect_uris, and jwks_uri in place of jwks',
        )
      const { name, redirectUris, authentications, keys } = metadata
      const [authentication] = authentications
      const hasSecret = authentication === 'client_secret_basic' || authentication === 'client_secret_post'
      return {
        client_id: id,
        client_id_issued_at: issuedAt,
        ...(hasSecret && { client_secret: secretsOf(keyring, id)[0], client_secret_expires_at: registered.until }),
        ...(name !== undefined && { client_name: name }),
        redirect_uris: redirectUris,
        token_endpoint_auth_method: authentication,
        ...(keys !== undefined && ('jwks' in keys ? { jwks: keys.jwks } : { jwks_uri: keys.jwksUri })),
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
      }
    },

    /** The client of an id that was given here; `undefined` for another issuer's, and when its time is over. */
    async find(id: string, issuer: string): Promise<Client | undefined> {
      if (!id.startsWith(prefix) || id.length > maxIdLength) return undefined
      const keyring = await lastingKeyring()
      const plain = keyring.open(purpose, issuer, Buffer.from(id.slice(prefix.length), 'base64url'))
      if (plain === undefined) return undefined
      const { until, name, redirectUris, authentications, keys }: Registered = JSON.parse(Buffer.from(plain).toString())
      if (until * 1000 <= now()) return undefined
      const hasSecret = (secret: string) => secretsOf(keyring, id).some((own) => isEqualSecret(own, secret))
      return { id, name: name ?? '', known: 'registered', redirectUris, authentications, hasSecret, keys }
    },
  }
}

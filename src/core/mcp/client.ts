/** How a client proves that it is the one it names (RFC 6749 section 2.3, RFC 7523 section 2.2). */
export const clientAuthentications = ['none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt'] as const

export type ClientAuthentication = (typeof clientAuthentications)[number]

/** An MCP client, as far as we are told of it. */
export interface Client {
  readonly id: string
  readonly name: string
  /**
   * Who says so: the owner of the gateway, the client's own document at the address that is its id, or whoever
   * registered it, of whom nothing is known.
   */
  readonly known: 'configured' | 'document' | 'registered'
  readonly redirectUris: readonly string[]
  /** The ways it may prove itself; its own choice at each request. */
  readonly authentications: readonly ClientAuthentication[]
  /** Whether this is its secret. */
  readonly hasSecret: (secret: string) => boolean
  readonly keys: ClientKeys | undefined
}

/** The keys that a client signs with: where they are, or the set itself (RFC 7517 section 5). */
export type ClientKeys = { readonly jwksUri: string } | { readonly jwks: JsonWebKeySet }

/** Public keys. */
export interface JsonWebKeySet {
  readonly keys: readonly Readonly<Record<string, unknown>>[]
}

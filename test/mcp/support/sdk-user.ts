import { randomUUID } from 'node:crypto'
import type { OAuthClientProvider, StoredOAuthClientInformation, StoredOAuthTokens } from '@modelcontextprotocol/client'

interface Options {
  /** Where the client listens for the answer. */
  readonly redirectUrl: string
  /** Opens an authorization request, as its user, and gives the address that the client was called back at. */
  readonly browse: (url: string) => Promise<string>
  /** Where the client says what it is. Without, it registers. */
  readonly clientMetadataUrl?: string
}

/** Who uses a client of the SDK, with what the client remembers for them. */
export type SdkUser = ReturnType<typeof createSdkUser>

/** Gives a user who goes to a browser whenever the client asks for it. */
export function createSdkUser({ redirectUrl, browse, clientMetadataUrl }: Options) {
  let information: StoredOAuthClientInformation | undefined
  let tokens: StoredOAuthTokens | undefined
  let verifier = ''
  let asked: URL | undefined
  let discovery: Parameters<NonNullable<OAuthClientProvider['saveDiscoveryState']>>[0] | undefined
  let visits = 0

  const provider: OAuthClientProvider = {
    redirectUrl,
    ...(clientMetadataUrl && { clientMetadataUrl }),
    clientMetadata: {
      client_name: 'Test client',
      redirect_uris: [redirectUrl],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
    },
    clientInformation: () => information,
    saveClientInformation: (given) => {
      information = given
    },
    tokens: () => tokens,
    saveTokens: (given) => {
      tokens = given
    },
    codeVerifier: () => verifier,
    saveCodeVerifier: (given) => {
      verifier = given
    },
    state: () => randomUUID(),
    discoveryState: () => discovery,
    saveDiscoveryState: (given) => {
      discovery = given
    },
    redirectToAuthorization: (url) => {
      asked = url
    },
  }

  return {
    provider,
    /** How often the client sent its user to a browser. */
    visits: () => visits,
    clientId: () => information?.client_id,
    /** What the client has for now. */
    tokens: () => tokens,
    /** Does what the client asked for last. Gives what it was called back with. */
    async visit(): Promise<URLSearchParams> {
      if (asked === undefined) throw new Error('The client did not ask for its user.')
      visits += 1
      const answer = new URL(await browse(asked.href)).searchParams
      if (answer.get('state') !== asked.searchParams.get('state')) throw new Error('That answers another request.')
      return answer
    },
  }
}

import type { Config } from '../../config/schema.ts'

/** What an app client must be to fit a config. */
export interface AppClient {
  readonly callbackUrl: string
  readonly signOutUrl: string
  readonly scopes: readonly string[]
  /** Whether it has a secret. */
  readonly confidential: boolean
  readonly userPoolId: string
}

/** The app client that the first provider of a config needs. */
export function appClientOf({ public_url, base_path, providers }: Config): AppClient {
  const [provider] = Object.values(providers)
  return {
    callbackUrl: `${public_url}${base_path}/callback`,
    signOutUrl: `${public_url}${base_path}/signed-out`,
    scopes: provider?.scopes ?? [],
    confidential: provider?.client_secret !== undefined,
    userPoolId: (provider?.type === 'cognito' && provider.user_pool_id) || 'YOUR_USER_POOL_ID',
  }
}

/** What to enter in the AWS console, to the letter. */
export function consoleEntries({ callbackUrl, signOutUrl, scopes }: AppClient): string {
  return `In the AWS console, under Cognito > User pools > your pool > App clients > your client > Login pages > Edit:

  Allowed callback URLs         ${callbackUrl}
  Allowed sign-out URLs         ${signOutUrl}
  Identity providers            Cognito user pool, and any other you use
  OAuth 2.0 grant types         Authorization code grant
  OpenID Connect scopes         ${scopes.join(', ')}`
}

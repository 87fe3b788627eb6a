import type { CheckedProvider } from './provider.ts'

/** Where things are in the AWS console, as paths through its menus. */
export function consoleOf({ issuer, clientId }: Pick<CheckedProvider, 'issuer' | 'clientId'>) {
  const pool = `AWS console: Cognito > User pools > ${issuer?.split('/').at(-1) ?? 'your pool'}`
  const client = `${pool} > App clients > ${clientId}`
  return {
    overview: `${pool} > Overview`,
    domain: `${pool} > Branding > Domain`,
    styles: `${pool} > Branding > Managed login > Create a style`,
    clients: `${pool} > App clients`,
    client,
    clientSecret: `${client} > App client information > Show client secret`,
    authenticationFlows: `${client} > App client information > Edit > Authentication flows`,
    /** Callback URLs, sign-out URLs, identity providers, grant types and scopes of a client. */
    loginPages: (section: string) => `${client} > Login pages > Edit > ${section}`,
  }
}

/** The parts of oidc-provider that our tests use; it brings no types of its own. */
declare module 'oidc-provider' {
  import type { RequestListener } from 'node:http'

  interface Tokens {
    find(value: string): Promise<object | undefined>
  }

  export default class Provider {
    constructor(issuer: string, configuration: object)
    callback(): RequestListener
    readonly AccessToken: Tokens
    readonly Grant: Tokens
  }
}

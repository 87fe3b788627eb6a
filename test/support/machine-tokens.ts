import type { JWTPayload } from 'jose'
import type { Stack } from './stack.ts'

/** Gives access tokens of the second client of the local Cognito; with `claims`, as if the pool said these of it. */
export async function machineTokens(domain: string, control: Stack['control']) {
  const scopes = ['reports/read', 'reports/write']
  await control.client('1localpublic', { secrets: ['machine-secret'], flows: ['client_credentials'], scopes })

  return async function minted(claims: JWTPayload = {}, scope = 'reports/read'): Promise<string> {
    await control.pool({ extra_claims: claims })
    const answer = await fetch(`${domain}/oauth2/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${Buffer.from('1localpublic:machine-secret').toString('base64')}` },
      body: new URLSearchParams({ grant_type: 'client_credentials', scope }),
    })
    await control.pool({ extra_claims: {} })
    return ((await answer.json()) as { access_token: string }).access_token
  }
}

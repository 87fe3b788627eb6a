import type { Claims } from '../../core/claims.ts'
import { ProviderError } from '../../core/provider.ts'
import { fetchJson } from '../fetch-json.ts'

/**
 * The claims at the user info endpoint (OpenID Connect Core section 5.3). Throws ProviderError: `invalid_grant` when the
 * token is no longer good there, `unavailable` when there is no usable answer.
 */
export async function fetchUserInfo(endpoint: string, accessToken: string, timeoutMs: number): Promise<Claims> {
  const headers = { authorization: `Bearer ${accessToken}` }
  const { status, body } = await fetchJson(endpoint, { headers, timeoutMs }).catch((cause) => {
    throw new ProviderError('unavailable', {
      step: 'user_info',
      cause,
      description: 'the user info endpoint did not answer',
    })
  })
  if (status === 401)
    throw new ProviderError('invalid_grant', {
      step: 'user_info',
      status,
      description: 'the user info endpoint refused the token',
    })
  if (status !== 200 || typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new ProviderError('unavailable', {
      step: 'user_info',
      status,
      description: 'the user info endpoint gave no claims',
    })
  }
  return body as Claims
}

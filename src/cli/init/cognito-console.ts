import type { Answers } from './question.ts'

const poolId = /^[a-z]{2,}(?:-[a-z]+)+-[0-9]+_[A-Za-z0-9]+$/
const timeoutMs = 3000

/**
 * What a text out of the AWS console tells of a user pool: its domain, the address of a sign-in page, its id, its ARN, its
 * issuer or an address below it, or the address of a page of the console.
 */
export function fromConsole(text: string): Answers {
  const pasted = text.trim()
  const pool = /^arn:aws[\w-]*:cognito-idp:[^:]*:\d*:userpool\/(.+)$/.exec(pasted)?.[1] ?? pasted
  if (poolId.test(pool)) return { 'user-pool-id': pool }

  const url = URL.parse(/^[a-z][a-z0-9+.-]*:\/\//i.test(pasted) ? pasted : `https://${pasted}`)
  if (url === null) return { domain: pasted }
  if (/\.console\.(aws\.amazon\.com|amazonaws\.cn|amazonaws-us-gov\.com)$|^console\./.test(url.hostname)) {
    return {
      ...named('user-pool-id', /\/user-pools\/([^/]+)/.exec(url.pathname)?.[1]),
      ...named('client-id', /\/app-clients\/([^/]+)/.exec(url.pathname)?.[1]),
    }
  }
  const [, first = ''] = url.pathname.split('/')
  if (poolId.test(first)) {
    const issuer = `${url.origin}/${first}`
    return { 'user-pool-id': first, ...named('issuer', issuer === issuerOf(first) ? undefined : issuer) }
  }
  const isPageOfIt = /^\/(login|logout|oauth2\/\w+)?$/.test(url.pathname)
  return {
    domain: isPageOfIt ? url.origin : pasted,
    ...named('client-id', url.searchParams.get('client_id') ?? undefined),
  }
}

/** The domain that a pool announces for itself. `undefined` when it has none, or cannot be asked within 3 s. */
export async function announcedDomain(issuer: string): Promise<string | undefined> {
  try {
    const answer = await fetch(`${issuer}/.well-known/openid-configuration`, {
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
    })
    const { authorization_endpoint: endpoint } = (await answer.json()) as Record<string, unknown>
    const domain = URL.parse(String(endpoint))?.origin
    // A pool without a domain announces endpoints at its issuer, and none of them works.
    return domain === URL.parse(issuer)?.origin ? undefined : domain
  } catch {
    return undefined
  }
}

/** The issuer of a pool, whose id begins with its region. */
export function issuerOf(pool: string): string {
  return `https://cognito-idp.${pool.split('_')[0]}.amazonaws.com/${pool}`
}

/** The region of a domain that AWS gave, as a pool's id begins with it. */
export function regionOf(domain: string): string | undefined {
  return /\.auth(?:-fips)?\.([a-z0-9-]+)\.amazoncognito\.com/.exec(domain)?.[1]
}

function named(name: string, value: string | undefined): Answers {
  return value === undefined ? {} : { [name]: value }
}

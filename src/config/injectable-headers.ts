import { foldHeaderName, isHopByHop } from '../core/headers.ts'
import { isToken } from './leaves.ts'

/** Headers that frame, route or vouch for a request: the gateway writes them or takes them away, a route never sets one. */
const ownHeaders = new Set(
  `host content-length cookie expect forwarded http2-settings proxy x-real-ip x-original-url x-rewrite-url
   x-toolgate-identity`.split(/\s+/),
)
const ownFamilies = /^(?:x-forwarded|proxy|sec-websocket)-/
const identityDefaults = new Set(['user', 'email', 'groups', 'preferred-username'].map((name) => `x-forwarded-${name}`))

/** Whether a route may set this header to a token. */
export function isInjectable(header: string): boolean {
  const folded = foldHeaderName(header)
  return isToken(header) && !ownHeaders.has(folded) && !isHopByHop(folded) && !ownFamilies.test(folded)
}

/** Whether a route may set this header to what it knows of the user. */
export function isIdentityHeader(header: string): boolean {
  const folded = foldHeaderName(header)
  return folded !== 'authorization' && (identityDefaults.has(folded) || isInjectable(header))
}

import { refusedFromUpstream } from './answer-headers.ts'
import { isHopByHop, type RawHeaders } from './headers.ts'

/** What frames, routes, controls, authenticates or describes a message has to come before its body. */
const refused = new Set(
  `age authentication-info authorization cache-control content-encoding content-length content-location content-range
  content-security-policy content-type cookie date expect expires host location max-forwards pragma
  proxy-authentication-info range retry-after set-cookie strict-transport-security vary warning
  www-authenticate`.split(/\s+/),
)

/**
 * The trailers of an upstream's answer that may go to a client, which might take them for headers: all but those that
 * mean nothing, or harm, after a body (RFC 9110 section 6.5.1), and what no tool may say to a browser. Both are pairs of
 * name and value.
 */
export function passableTrailers(trailers: RawHeaders): string[] {
  return trailers.filter((_, i) => isPassable(trailers[i - (i % 2)]?.toLowerCase() ?? ''))
}

function isPassable(name: string): boolean {
  const isRefused = refused.has(name) || refusedFromUpstream.has(name) || isHopByHop(name)
  return !isRefused && !/^(?:access-control|if)-/.test(name)
}

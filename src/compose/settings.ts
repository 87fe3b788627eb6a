import type { Config } from '../config/schema.ts'

/** What the parts of a gateway take from its config more than once. Times in milliseconds. */
export function settingsOf({ public_url: publicUrl, sessions }: Config) {
  const scheme: 'http' | 'https' = publicUrl.startsWith('https:') ? 'https' : 'http'
  return {
    publicUrl,
    scheme,
    cookieName: scheme === 'https' ? `__Host-${sessions.cookie}` : sessions.cookie,
    lifetimes: { idleMs: sessions.idle, absoluteMs: sessions.absolute },
    claimsMaxAgeMs: sessions.claims_max_age,
  }
}

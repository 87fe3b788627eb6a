import type { ProbeAnswer } from '../../../src/core/check/probe.ts'

/** An answer with an empty body. */
export const answered = (status: number, rest: Partial<ProbeAnswer> = {}): ProbeAnswer => ({
  status,
  location: undefined,
  contentType: '',
  body: '',
  ...rest,
})

/** A redirect. */
export const redirected = (location: string): ProbeAnswer => answered(302, { location })

/** A JSON body. */
export const json = (status: number, value: unknown): ProbeAnswer => answered(status, { body: JSON.stringify(value) })

/** Outcomes that prove nothing, and what is said of each. */
export const inconclusive = [
  [{ failure: 'timeout', code: '' }, 'no answer in time'],
  [{ failure: 'unresolved', code: 'ENOTFOUND' }, 'its name does not resolve (ENOTFOUND)'],
  [{ failure: 'certificate', code: 'CERT_HAS_EXPIRED' }, 'its certificate does not verify (CERT_HAS_EXPIRED)'],
  [{ failure: 'not_asked', code: '' }, 'not asked, the time was up'],
  [answered(500), '500, a failure of the server'],
  [answered(503), '503, a failure of the server'],
  [answered(429), '429, too many requests'],
  [answered(403), '403, perhaps a firewall in between'],
] as const

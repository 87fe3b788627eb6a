import type { Profile } from '../../src/core/claims.ts'
import type { HeldTokens } from '../../src/core/held-records.ts'
import type { Passage } from '../../src/core/passage.ts'

/** Tokens of a user as they are stored, the same ones each time. */
export function heldTokens(): HeldTokens {
  return {
    user: 'hash',
    provider: 'cognito',
    version: 1,
    state: 'live',
    reason: '',
    set: {
      accessToken: 'access',
      refreshToken: 'refresh',
      idToken: 'id',
      scopes: ['openid'],
      claims: { sub: 'ada' },
      claimsAt: 0,
      client: 'client',
      obtainedAt: 0,
      expiresAt: 3_600_000,
      endsAt: 86_400_000,
    },
  }
}

/** A user who was let through, with these facts and no others. */
export function aPassage(profile: Partial<Profile> = {}): Passage {
  const tokens = heldTokens()
  const nobody = { name: undefined, email: undefined, groups: [], preferredUsername: undefined }
  return {
    user: {
      key: 'cognito:ada',
      provider: 'cognito',
      sub: 'ada',
      profile: { ...nobody, ...profile },
      claims: tokens.set.claims,
      clientId: 'client',
    },
    tokens,
  }
}

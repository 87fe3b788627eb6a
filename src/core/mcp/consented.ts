import type { Attempt } from '../attempt.ts'
import { subjectOf } from '../claims.ts'
import type { Redirection } from '../departure.ts'
import { type Identity, identityOf } from '../identity.ts'
import type { Finished, Returned } from '../round-trip.ts'
import type { UserStore } from '../user-store.ts'
import type { ConsentedRequest } from './authorization.ts'
import type { Consent, Consented } from './consent.ts'

/** Who signed in, in which session's records. */
type SignedIn = Identity & Consented

/** To the client with a code for whoever signed in after consent; `undefined`, when that is not what was consented to. */
export type AnswerConsented = (attempt: Attempt, issuer: string, user: SignedIn) => Promise<Redirection | undefined>

interface AnswerConsentedOptions {
  readonly consentedAt: (issuer: string) => ConsentedRequest
  readonly consent: Pick<Consent, 'mayEnter' | 'answer'>
}

/** See `AnswerConsented`. */
export function createAnswerConsented({ consentedAt, consent }: AnswerConsentedOptions): AnswerConsented {
  return async function answerConsented(attempt, issuer, user) {
    const asked = await consentedAt(issuer)(attempt)
    // Otherwise the page asks again, of whoever is signed in now, or says that it is not for them.
    if (asked === undefined || !consent.mayEnter(asked, user)) return undefined
    if (attempt.session !== undefined && attempt.session.user !== user.session.user) return undefined
    return consent.answer(asked, user)
  }
}

interface FinishConsentOptions {
  readonly answerConsented: AnswerConsented
  readonly store: Pick<UserStore, 'userHash'>
  readonly signIn: (returned: Returned) => Promise<Finished>
  readonly publicUrl: string
}

/** Finishes a sign-in that consent at `public_url` led to: with a code for the client, if it is still what was consented to. */
export function createFinishConsent({ answerConsented, store, signIn, publicUrl }: FinishConsentOptions) {
  return async function finishConsent(returned: Returned): Promise<Finished> {
    const finished = await signIn(returned)
    if ('again' in finished) return finished
    const { attempt, provider, tokens } = returned
    const sub = subjectOf(tokens.claims?.[provider.claimNames.user]) ?? ''
    const user = await store.userHash(provider.name, sub)
    const identity = identityOf(provider, tokens.claims ?? {})
    const answered = await answerConsented(attempt, publicUrl, { ...identity, session: { user } })
    return answered === undefined ? finished : { ...finished, location: answered.location }
  }
}

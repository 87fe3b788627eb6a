import { type Action, actions } from './action.ts'
import { type ErrorContext, errorWords, notSentWords } from './error-words.ts'
import { type Fragment, type Html, html } from './html.ts'
import type { IconName } from './icons.ts'
import { page, type Site } from './layout.ts'
import { contact, documentLink, link } from './links.ts'
import { moment, rows } from './rows.ts'
import { words } from './words.ts'

/** One failure as a page tells it: the code chooses the words, the rest fills them in. */
export interface ErrorPage extends ErrorContext {
  readonly status: number
  readonly code: string
  readonly requestId: string
  readonly time: Date
  /** Instead of the code's own sentence, where more is known. Plain words for the person. */
  readonly message?: string | undefined
  /** Without one, the home page. */
  readonly wayOn?: Action | undefined
  readonly secondary?: Action | undefined
  readonly signedInAs?: string | undefined
  /** Scopes the provider did not grant. */
  readonly missingScopes?: readonly string[] | undefined
  /** The page loads itself again: only for GET, with a delay that grows. */
  readonly retryAfterSeconds?: number | undefined
  /** Since when the store or provider is away. */
  readonly since?: Date | undefined
  readonly details?: OwnerDetails | undefined
}

/** The technical truth, folded away for the owner. */
interface OwnerDetails {
  readonly error?: string | undefined
  readonly description?: string | undefined
  /** What that means. */
  readonly cause?: string | undefined
  readonly remedy?: string | undefined
  /** The exact text to paste there. */
  readonly paste?: string | undefined
  /** The place in the provider's console. */
  readonly where?: string | undefined
  /** The document that explains it, as `docs/check.md`. */
  readonly docs?: string | undefined
  /** The test sign-in, which finds out more. */
  readonly testHref?: string | undefined
}

/** The page of every gateway error. */
export function errorPage(site: Site, error: ErrorPage): string {
  const { heading, message } = errorWords(error.code)
  return failure(site, error, heading(error), error.message ?? message(error))
}

/** For a form that was sent without a session (401): it is never sent again silently, so the person has to. */
export function notSentPage(site: Site, error: Omit<ErrorPage, 'wayOn'> & { readonly signInHref: string }): string {
  const { heading, message } = notSentWords
  const wayOn: Action = { does: 'sign_in_new_tab', href: error.signInHref }
  return failure(site, { ...error, wayOn }, heading(), message(error))
}

function failure(site: Site, error: ErrorPage, title: string, message: string): string {
  const { requestId, time, code } = error
  const away = error.status === 429 || error.status >= 500
  const wayOn = error.wayOn ?? { does: 'home', href: site.home }
  const body = html`<p>${message}</p>
${retry(error)}
${facts(site, error)}
${actions([wayOn, error.secondary], error)}
${error.details && details(site, error.details)}`
  return page(
    site,
    {
      title,
      width: 'narrow',
      icon: iconOf(error),
      tone: away ? 'warn' : 'quiet',
      reference: { requestId, time, code },
      reloadAfterSeconds: error.retryAfterSeconds,
    },
    body,
  )
}

function retry({ retryAfterSeconds }: ErrorPage): Fragment {
  return (
    retryAfterSeconds !== undefined &&
    html`<p role="status">${words.error.retry(Math.max(1, Math.ceil(retryAfterSeconds)))}</p>`
  )
}

function facts(site: Site, error: ErrorPage): Fragment {
  const { signedInAs, missingScopes, since } = error
  const whom = site.brand.contact
  const lacksAccess = error.code === 'access_denied' || error.code === 'insufficient_scope'
  return rows([
    [words.error.signedInAs, signedInAs],
    [words.error.missing, missingScopes && missingScopes.length > 0 && html`<code>${missingScopes.join(' ')}</code>`],
    [words.error.since, since && moment(since)],
    // Whoever only has to sign in needs no help with it yet.
    [lacksAccess ? words.error.askForAccess : words.error.help, error.status !== 401 && whom && contact(whom)],
  ])
}

function details(site: Site, owner: OwnerDetails): Html {
  const { error, description, cause, remedy, paste, where, docs, testHref } = owner
  return html`<details><summary>${words.error.details}</summary>
${rows([
  [words.error.providerError, error !== undefined && html`<code>${error}</code>`],
  [words.error.providerDescription, description !== undefined && html`<code>${description}</code>`],
  [words.error.cause, cause],
  [words.error.remedy, remedy],
  [words.error.paste, paste !== undefined && html`<code>${paste}</code>`],
  [words.error.where, where],
  [words.error.docs, docs !== undefined && documentLink(site, docs)],
  [words.error.test, testHref !== undefined && link(testHref, words.error.startTest)],
])}
</details>`
}

function iconOf({ status, code }: ErrorPage): IconName {
  if (code === 'connection_required') return 'plug'
  if (status === 401 || status === 403) return 'lock'
  if (status === 404 || status === 421) return 'search'
  return status === 503 || status === 504 || status === 429 ? 'clock' : 'alert'
}

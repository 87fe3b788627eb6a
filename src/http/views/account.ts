import { type Fragment, type Html, html } from './html.ts'
import { safeHref } from './links.ts'
import { words } from './words.ts'

/** Who is here: a name or e-mail address with the ways out, or nobody with the way in. */
export type Visitor = SignedIn | { readonly user?: undefined; readonly signInHref: string }

/** Somebody who is signed in. */
export interface SignedIn {
  readonly user: string
  readonly signOutHref: string
  readonly connectionsHref?: string | undefined
}

/** The corner of a page that says who is signed in. */
export function account(visitor: Visitor): Html {
  const links =
    visitor.user === undefined
      ? navLink(visitor.signInHref, words.account.signIn, 'button primary')
      : [
          html`<span class="muted">${visitor.user}</span>`,
          visitor.connectionsHref !== undefined &&
            navLink(visitor.connectionsHref, words.account.connections, 'button ghost'),
          navLink(visitor.signOutHref, words.account.signOut, 'button ghost'),
        ]
  return html`<nav aria-label="${words.account.label}">${links}</nav>`
}

function navLink(href: string, text: string, classes: string): Fragment {
  const address = safeHref(href)
  return address !== undefined && html`<a class="${classes}" href="${address}">${text}</a>`
}

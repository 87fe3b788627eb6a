import { type Fragment, type Html, html } from './html.ts'
import { icon } from './icons.ts'
import { page, type Site } from './layout.ts'
import { safeHref } from './links.ts'
import { words } from './words.ts'

/** Asks before signing out. `action` takes the POST; its field `everywhere` is `true` when that was meant. */
export function signOutPage(site: Site, { user, action }: { readonly user: string; readonly action: string }): string {
  const body = html`<p>${words.signOut.as(user)}</p>
<p class="muted">${words.signOut.everywhereMeans}</p>
<form class="actions stack" method="post" action="${safeHref(action)}">
<button class="button primary">${words.signOut.here}</button>
<button class="button" name="everywhere" value="true">${words.signOut.everywhere}</button>
<a class="button ghost" href="${site.home}">${words.signOut.stay}</a>
</form>`
  return page(site, { title: words.signOut.title, width: 'narrow', icon: 'leave' }, body)
}

/** What a sign-out did, as far as is known here: it may have been on another host. `providerSession` is the session at the provider itself, where there is one. */
export interface SignedOut {
  readonly everywhere: boolean | undefined
  readonly provider?: string | undefined
  readonly providerSession?: 'ended' | 'kept' | undefined
  readonly signInHref: string
}

/** Says what ended, what did not, and how to sign in again. */
export function signedOutPage(site: Site, { everywhere, provider, providerSession, signInHref }: SignedOut): string {
  const text = words.signedOut
  const ended = [everywhere ? text.everyBrowser : text.thisBrowser, everywhere === true && text.apps]
  const kept = [everywhere === false && text.otherBrowsers, text.connections]
  if (provider !== undefined) {
    if (providerSession === 'ended') ended.push(text.provider(provider))
    if (providerSession === 'kept') kept.unshift(text.provider(provider))
    kept.push(text.outside(provider))
  }
  const again = safeHref(signInHref)
  const body = html`${list(text.ended, ended, html`<li class="good">${icon('check')}`)}
${list(text.kept, kept, html`<li class="quiet">${icon('minus')}`)}
${provider !== undefined && html`<p class="small muted">${text.shared}</p>`}
${again !== undefined && html`<div class="actions"><a class="button primary" href="${again}">${text.again}</a></div>`}`
  return page(site, { title: text.title, width: 'narrow', icon: 'check', tone: 'good' }, body)
}

function list(heading: string, items: readonly (string | false)[], bullet: Html): Fragment {
  const entries = items.filter((item) => item !== false).map((item) => html`${bullet}<span>${item}</span></li>`)
  return html`<h2>${heading}</h2><ul class="rows">${entries}</ul>`
}

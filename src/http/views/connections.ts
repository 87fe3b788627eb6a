import { account, type SignedIn } from './account.ts'
import { type BrowserEntry, browsersSection } from './browsers.ts'
import { type GrantEntry, grantsSection } from './grants.ts'
import { type Fragment, type Html, html } from './html.ts'
import { monogram, page, type Site } from './layout.ts'
import { safeHref } from './links.ts'
import { moment, rows } from './rows.ts'
import { scopeItem } from './scopes.ts'
import { words } from './words.ts'

/** One provider, and what is kept of this user's account there. Each address takes a POST; without one there is no button. */
export interface Connection {
  /** The provider's name in the config. */
  readonly name: string
  readonly title: string
  readonly role: 'sign_in' | 'connection'
  readonly state: 'connected' | 'not_connected' | 'ended'
  /** Name or e-mail address there. */
  readonly account?: string | undefined
  readonly scopes: readonly string[]
  readonly validUntil?: Date | undefined
  readonly refreshedAt?: Date | undefined
  readonly lastError?: string | undefined
  /** Titles of the tools that do not work without it. */
  readonly neededBy: readonly string[]
  readonly connectHref?: string | undefined
  readonly refreshHref?: string | undefined
  readonly disconnectHref?: string | undefined
}

/** What the connections page shows. `returnTo`: the tool that led here, and its address, also sent along as `return_to`. */
export interface Connections {
  readonly entries: readonly Connection[]
  readonly grants: readonly GrantEntry[]
  readonly browsers: readonly BrowserEntry[]
  readonly returnTo?: { readonly title: string; readonly href: string } | undefined
}

/** The accounts that tools use in this user's name, the apps that do, and the browsers they are signed in with; how to end each. */
export function connectionsPage(
  site: Site,
  visitor: SignedIn,
  { entries, grants, browsers, returnTo }: Connections,
): string {
  const text = words.connections
  const back = returnTo && safeHref(returnTo.href)
  const cards = entries.map((entry) => card(entry, back))
  const body = html`<p class="muted">${text.intro}</p>
${returnTo && back !== undefined && html`<p><a class="button" href="${back}">${text.back(returnTo.title)}</a></p>`}
${section('accounts', text.accounts, cards, text.none)}
${grants.length > 0 && grantsSection(grants)}
${browsers.length > 0 && browsersSection(browsers, visitor.signOutHref)}`
  return page(site, { title: text.title, width: 'wide', account: account(visitor) }, body)
}

function section(id: string, heading: string, cards: readonly Html[], none: string): Html {
  return html`<section aria-labelledby="${id}"><h2 id="${id}">${heading}</h2>
${cards.length === 0 ? html`<p>${none}</p>` : html`<ul class="cards">${cards}</ul>`}
</section>`
}

function card(entry: Connection, back: string | undefined): Html {
  const text = words.connections
  const { title, role, state, scopes, validUntil, refreshedAt, lastError, neededBy } = entry
  const facts = rows([
    [text.account, entry.account],
    [text.scopes, scopes.length > 0 && html`<ul>${scopes.map(scopeItem)}</ul>`],
    [text.neededBy, neededBy.length > 0 && text.list(neededBy)],
    [text.validUntil, validUntil && moment(validUntil)],
    [text.refreshedAt, refreshedAt && moment(refreshedAt)],
    [text.lastError, lastError !== undefined && html`<code>${lastError}</code>`],
  ])
  const connect = state === 'not_connected' ? text.connect : text.connectAgain
  const ways = [
    post(entry.connectHref, connect, title, state === 'connected' ? 'button' : 'button primary', back),
    post(entry.refreshHref, text.refresh, title, 'button', back),
  ].filter(Boolean)
  return html`<li class="card">
<div class="lead">${monogram(title)}<div><h3>${title}</h3><p class="small muted">${text.role[role]}</p></div>
<span class="badge ${tones[state]}">${text.state[state]}</span></div>
${facts}
${ways.length > 0 && html`<div class="actions">${ways}</div>`}
${disconnect(entry, back)}
</li>`
}

const tones = { connected: 'good', not_connected: 'quiet', ended: 'warn' } as const

/** Folded, so that ending something takes two steps and says first what stops working. */
function disconnect({ title, disconnectHref, neededBy }: Connection, back: string | undefined): Fragment {
  const text = words.connections
  const button = post(disconnectHref, text.disconnectNow, title, 'button', back)
  return (
    button &&
    html`<details><summary>${text.disconnect}</summary>
<p>${text.disconnectMeans(neededBy)}</p>
${button}</details>`
  )
}

function post(
  href: string | undefined,
  label: string,
  title: string,
  classes: string,
  back: string | undefined,
): Fragment {
  const address = href === undefined ? undefined : safeHref(href)
  return (
    address !== undefined &&
    html`<form method="post" action="${address}">${
      back !== undefined && html`<input type="hidden" name="return_to" value="${back}">`
    }<button class="${classes}" aria-label="${label}: ${title}">${label}</button></form>`
  )
}

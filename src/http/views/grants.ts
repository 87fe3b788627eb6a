import { type Html, html } from './html.ts'
import { monogram } from './layout.ts'
import { safeHref } from './links.ts'
import { moment, rows } from './rows.ts'
import { accountItem, scopeItem } from './scopes.ts'
import { words } from './words.ts'

/** An MCP client that may act for the user. `endHref` takes a POST. */
export interface GrantEntry {
  readonly name: string
  /** The tool it uses, and where its answers go. */
  readonly tool: string
  readonly redirect: string
  readonly scopes: readonly string[]
  /** Titles of the providers whose accounts it may use. */
  readonly accounts: readonly string[]
  readonly since: Date
  readonly renewedAt: Date
  readonly endHref: string
}

/** The apps that act in the user's name, with a way to end each. */
export function grantsSection(grants: readonly GrantEntry[]): Html {
  const text = words.grants
  return html`<section aria-labelledby="apps"><h2 id="apps">${text.heading}</h2>
<ul class="cards">${grants.map(card)}</ul>
</section>`
}

function card({ name, tool, redirect, scopes, accounts, since, renewedAt, endHref }: GrantEntry): Html {
  const text = words.grants
  const called = name || words.consent.unnamed
  const mayDo = [...scopes.map(scopeItem), ...accounts.map(accountItem)]
  const facts = rows([
    [text.tool, tool],
    [text.scopes, mayDo.length > 0 && html`<ul>${mayDo}</ul>`],
    [text.redirect, redirect],
    [text.since, moment(since)],
    [text.renewedAt, moment(renewedAt)],
  ])
  return html`<li class="card">
<div class="lead">${monogram(called)}<div><h3>${called}</h3></div></div>
${facts}
<div class="actions"><form method="post" action="${safeHref(endHref)}"><button class="button" aria-label="${text.end}: ${called}">${text.end}</button></form></div>
</li>`
}

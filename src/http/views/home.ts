import { account, type Visitor } from './account.ts'
import { type Fragment, type Html, html } from './html.ts'
import { icon } from './icons.ts'
import { monogram, page, type Site } from './layout.ts'
import { contact, safeHref } from './links.ts'
import { rows } from './rows.ts'
import { words } from './words.ts'

/** A tool as the home page shows it; `connect` needs the named service connected first. */
export interface ToolTile {
  readonly title: string
  readonly description?: string | undefined
  readonly href: string
  readonly access: 'open' | 'denied' | 'sign_in' | 'connect'
  readonly connect?: string | undefined
}

/** The tools this visitor may know of, who is signed in, and sign in or out. */
export function homePage(site: Site, visitor: Visitor, tools: readonly ToolTile[]): string {
  const body = html`${visitor.user === undefined && html`<p class="muted">${words.home.signedOut}</p>`}
${tools.length > 0 && html`<ul class="tiles">${tools.map(tile)}</ul>`}
${visitor.user !== undefined && tools.length === 0 && nothingOpen(site)}`
  return page(site, { title: words.home.title, width: 'wide', account: account(visitor) }, body)
}

function nothingOpen({ brand }: Site): Fragment {
  return html`<p>${words.home.nothingOpen}</p>
${rows([[words.error.askForAccess, brand.contact !== undefined && contact(brand.contact)]])}`
}

function tile(tool: ToolTile): Html {
  const href = tool.access === 'denied' ? undefined : safeHref(tool.href)
  return html`<li class="card tile ${href === undefined && 'denied'}">
${monogram(tool.title)}
<div><h2>${href === undefined ? tool.title : html`<a href="${href}">${tool.title}</a>`}</h2>
${tool.description && html`<p class="small muted">${tool.description}</p>`}</div>
<p>${state(tool)}</p>
</li>`
}

function state({ access, connect }: ToolTile): Html {
  const { state } = words.home
  if (access === 'open') return html`<span class="go">${state.open}${icon('arrow')}</span>`
  if (access === 'connect') return html`<span class="badge warn">${state.connect(connect)}</span>`
  return html`<span class="badge quiet">${state[access]}</span>`
}

import { type Fragment, type Html, html } from './html.ts'
import { page, type Site } from './layout.ts'
import { safeHref } from './links.ts'
import { rows } from './rows.ts'
import { accountItem, scopeItem } from './scopes.ts'
import { words } from './words.ts'

/** What an MCP client asks a person for. */
export interface ConsentQuestion {
  /** `host` vouches for the client's name, where it has a document there; `known` says who else does. */
  readonly client: {
    readonly name: string
    readonly host: string | undefined
    readonly known: 'configured' | 'document' | 'registered'
  }
  /** Where the code goes: a host, or an address on this machine. */
  readonly redirect: { readonly kind: 'web' | 'loopback' | 'private_use'; readonly address: string }
  readonly tool: { readonly title: string; readonly address: string }
  readonly scopes: readonly string[]
  /** Titles of the providers whose accounts the tool uses. */
  readonly accounts: readonly string[]
  /** Who is signed in; nobody has to be, yet. */
  readonly user: string | undefined
  /** With what to sign in next; with one alone there is nothing to choose. */
  readonly signInWith: readonly { readonly name: string; readonly title: string }[]
  /** Goes back with the answer. */
  readonly shown: string
  /** Takes the POST. */
  readonly action: string
}

/** Asks a person what a client may do in their name: yes and no are of equal weight. */
export function consentPage(site: Site, question: ConsentQuestion): string {
  const text = words.consent
  const { client, redirect, tool, scopes, accounts, user } = question
  const name = client.name || text.unnamed
  const mayDo = [...scopes.map(scopeItem), ...accounts.map(accountItem)]
  const facts = rows([
    [text.client, html`${name} ${vouched(client)}`],
    [text.tool, html`${tool.title}<br><span class="small muted">${tool.address}</span>`],
    [text.user, user ?? text.nobody],
    [text.mayDo, html`<ul><li>${text.use(tool.title)}</li>${mayDo}</ul>`],
    [text.redirect, html`<code>${redirect.address}</code>`],
  ])
  const body = html`${facts}
${redirect.kind !== 'web' && html`<p class="badge warn">${text.thisMachine}</p><p>${text.onThisMachine(redirect.kind)}</p>`}
${choice(question)}
<form id="answer" class="actions" method="post" action="${safeHref(question.action)}">
<input type="hidden" name="shown" value="${question.shown}">
<button class="button" name="decision" value="deny">${text.deny}</button>
<button class="button" name="decision" value="allow">${text.allow}</button>
</form>
<p class="small muted">${text.takeBack}</p>`
  return page(site, { title: text.title(name, tool.title), width: 'narrow', icon: 'plug' }, body)
}

/** Who says that the client is called so. */
function vouched({ host, known }: ConsentQuestion['client']): Html {
  const text = words.consent.known
  const tone = known === 'registered' ? 'warn' : 'good'
  return html`<span class="badge ${tone}">${known === 'document' ? text.document(host ?? '') : text[known]}</span>`
}

function choice({ signInWith }: ConsentQuestion): Fragment {
  if (signInWith.length < 2) return undefined
  const options = signInWith.map(({ name, title }) => html`<option value="${name}">${title}</option>`)
  return html`<p><label>${words.consent.signInWith}<select name="provider" form="answer">${options}</select></label></p>`
}

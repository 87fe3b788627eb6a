import { type Html, html } from './html.ts'
import { words } from './words.ts'

/** What a scope allows, as an item of a list: in words where we have them, else by its name. */
export function scopeItem(name: string): Html {
  const known: Readonly<Record<string, string>> = words.scopes
  return html`<li>${Object.hasOwn(known, name) ? known[name] : html`<code>${name}</code>`}</li>`
}

/** An account that a client may use, as an item of the same list. */
export function accountItem(provider: string): Html {
  return html`<li>${words.consent.account(provider)}</li>`
}

import type { Assets, Brand } from '../assets/assets.ts'
import { type Fragment, type Html, html, render } from './html.ts'
import { type IconName, icon } from './icons.ts'
import { moment } from './rows.ts'
import { words } from './words.ts'

/** What every page shows and loads; `home` is the home page's address. */
export interface Site {
  readonly brand: Brand
  readonly assets: Assets
  readonly home: string
}

/** What stands around a page's body. */
export interface Frame {
  /** The heading, and with the brand's name the document's title. */
  readonly title: string
  /** narrow: one decision, in a card. wide: a list. */
  readonly width: 'narrow' | 'wide'
  readonly icon?: IconName
  /** Colour of the icon. */
  readonly tone?: 'good' | 'warn' | 'bad' | 'quiet'
  /** Right of the brand: who is signed in, and the way out. */
  readonly account?: Html | undefined
  /** Where something failed: what to quote, and when it was. */
  readonly reference?: Reference
  /** Adds comfort; the page says the same without it. */
  readonly script?: 'copy'
  /** Loads the page again after so many seconds, without a script. */
  readonly reloadAfterSeconds?: number | undefined
}

interface Reference {
  readonly requestId: string
  readonly time: Date
  readonly code: string
}

/** A whole page of ours. Its only heading of the first level is the title; where something failed it has the focus. */
export function page(site: Site, frame: Frame, body: Fragment): string {
  const [before, after] = around(site, frame)
  return render(html`${before}${body}${after}`)
}

/** What stands before and after a page's body, for a page that is sent in parts. */
export function around({ brand, assets, home }: Site, frame: Frame): readonly [before: Html, after: Html] {
  const before = html`<!doctype html>
<html lang="${words.language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
${reload(frame.reloadAfterSeconds)}<title>${frame.title} · ${brand.name}</title>
<link rel="icon" href="${assets.href('logo')}">
<link rel="stylesheet" href="${assets.href('stylesheet')}">
${frame.script && html`<script src="${assets.href(frame.script)}" defer></script>\n`}</head>
<body class="${frame.width}">
<header><a class="brand" href="${home}"><img src="${assets.href('logo')}" alt="">${brand.name}</a>${frame.account}</header>
<main>
${frame.icon && html`<div class="mark ${frame.tone}">${icon(frame.icon)}</div>`}
<h1${frame.reference && html` tabindex="-1" autofocus`}>${frame.title}</h1>
`
  const after = html`
</main>
${frame.reference && footer(frame.reference)}
</body>
</html>
`
  return [before, after]
}

/** Two letters that stand for a tool or a provider where there is no picture. */
export function monogram(name: string): Html {
  const letters = name.split(/\s+/, 2).map((word) => [...word][0] ?? '')
  return html`<span class="mark quiet" aria-hidden="true">${letters.join('').toUpperCase()}</span>`
}

function reload(seconds: number | undefined): Fragment {
  return seconds !== undefined && html`<meta http-equiv="refresh" content="${Math.max(1, Math.ceil(seconds))}">\n`
}

function footer({ requestId, time, code }: Reference): Html {
  return html`<footer>
<p>${words.layout.reference} <span class="code">${requestId}</span></p>
<p>${moment(time)} · ${code}</p>
</footer>`
}

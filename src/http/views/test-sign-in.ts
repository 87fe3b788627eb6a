import { type Fragment, type Html, html, render } from './html.ts'
import { type IconName, icon } from './icons.ts'
import { around, page, type Site } from './layout.ts'
import { documentLink, safeHref } from './links.ts'
import { rows } from './rows.ts'
import { type TestStepId, testStepIds, words } from './words.ts'

/** One step of a test sign-in. `result` is what came back, never a token, code or secret. */
export interface TestStep {
  readonly id: TestStepId
  readonly status: 'pending' | 'passed' | 'failed' | 'skipped'
  readonly result?: string | undefined
  readonly remedy?: string | undefined
  /** The exact text to paste. */
  readonly paste?: string | undefined
  /** The place in the provider's console. */
  readonly where?: string | undefined
  /** The document that explains it, as `docs/check.md`. */
  readonly docs?: string | undefined
}

interface Choice {
  readonly name: string
  readonly title: string
}

/** What the test page shows. `action` takes the POST with `provider` and `route`, which is empty where no tool is called. */
export interface TestPage {
  readonly providers: readonly Choice[]
  readonly routes: readonly Choice[]
  readonly selected?: { readonly provider?: string | undefined; readonly route?: string | undefined } | undefined
  readonly action: string
}

/** For tool owners: start a test sign-in. */
export function testPage(site: Site, test: TestPage): string {
  const body = html`<p class="muted">${words.test.intro}</p>
${form(test, words.test.start)}
<section><h2>${words.test.listed}</h2>
<ol class="card">${testStepIds.map((id) => item(site, { id, status: 'pending' }))}</ol></section>`
  return page(site, { title: words.test.title, width: 'wide' }, body)
}

/** What a test sign-in finds, in parts: the start, each step as soon as it is done, and the end, with the verdict on all. */
export function testReport(site: Site, test: TestPage, startedAt: Date) {
  const [before, after] = around(site, { title: words.test.report, width: 'wide', script: 'copy' })
  const { providers, routes, selected } = test
  const provider = providers.find(({ name }) => name === selected?.provider)?.title
  const route = routes.find(({ name }) => name === selected?.route)?.title
  const about = [provider, route, words.layout.time(startedAt)].filter(Boolean).join(' · ')
  return {
    start: render(html`${before}<p class="muted">${about}</p>
<div class="report"><section aria-live="polite"><h2>${words.test.listed}</h2>
<ol class="card">${running(site, testStepIds[0])}`),
    step: (step: TestStep) =>
      render(html`${item(site, step)}${running(site, testStepIds[testStepIds.indexOf(step.id) + 1])}`),
    end: (steps: readonly TestStep[]) =>
      render(html`</ol></section>
${verdictOn(steps)}</div>
${copy(plainText(about, steps))}
<section><h2>${words.test.again}</h2>
${form(test, words.test.start)}</section>${after}`),
  }
}

/** The step that is waited for. Once another follows, the stylesheet hides it. */
function running(site: Site, id: TestStepId | undefined): Fragment {
  return id !== undefined && item(site, { id, status: 'pending' })
}

/** Comes last and stands first, by the stylesheet. */
function verdictOn(steps: readonly TestStep[]): Html {
  const failed = steps.filter(({ status }) => status === 'failed').map(({ id }) => words.test.steps[id].title)
  const [name, tone] = marks[verdictOf(steps)]
  return html`<div class="verdict lead"><span class="mark ${tone}">${icon(name)}</span>
<div><h2>${words.test.verdict[verdictOf(steps)]}</h2>
<p>${failed.length === 0 ? words.test.passed : words.test.failed(failed)}</p></div></div>`
}

function verdictOf(steps: readonly TestStep[]): 'passed' | 'failed' {
  return steps.some(({ status }) => status === 'failed') ? 'failed' : 'passed'
}

function form({ providers, routes, selected, action }: TestPage, start: string): Html {
  const noCall = { name: '', title: words.test.noRoute }
  return html`<form class="card fields" method="post" action="${safeHref(action)}">
${field('provider', words.test.provider, providers, selected?.provider)}
${field('route', words.test.route, [...routes, noCall], selected?.route)}
<button class="button primary">${start}</button>
</form>`
}

function field(name: string, label: string, choices: readonly Choice[], selected: string | undefined): Html {
  const options = choices.map(
    (choice) =>
      html`<option value="${choice.name}"${choice.name === selected && html` selected`}>${choice.title}</option>`,
  )
  return html`<label>${label} <select name="${name}">${options}</select></label>`
}

const marks: Readonly<Record<TestStep['status'], readonly [IconName, tone: string]>> = {
  pending: ['clock', 'quiet'],
  passed: ['check', 'good'],
  failed: ['cross', 'bad'],
  skipped: ['minus', 'quiet'],
}

function item(site: Site, { id, status, result, remedy, paste, where, docs }: TestStep): Html {
  const { title, asks } = words.test.steps[id]
  const [name, tone] = marks[status]
  return html`<li class="lead ${status}">
<span class="mark ${tone}">${icon(name)}</span>
<div><h3>${testStepIds.indexOf(id) + 1}. ${title} <span class="badge ${tone}">${words.test.status[status]}</span></h3>
${result === undefined ? html`<p class="muted">${asks}</p>` : html`<p>${result}</p>`}
${rows([
  [words.error.remedy, remedy],
  [words.error.paste, paste !== undefined && html`<code>${paste}</code>`],
  [words.error.where, where],
  [words.error.docs, docs !== undefined && documentLink(site, docs)],
])}</div>
</li>`
}

/** The button is for the script that works it; without one there is the text to copy by hand. */
function copy(report: string): Fragment {
  const { label, done, asText } = words.test.copy
  return html`<div>
<button type="button" class="button" data-copies="report" data-done="${done}" hidden>${label}</button> <span role="status"></span>
<details><summary>${asText}</summary>
<textarea id="report" rows="14" readonly aria-label="${asText}">${report}</textarea></details>
</div>`
}

/** The report as text, to be pasted into a ticket. */
function plainText(about: string, steps: readonly TestStep[]): string {
  const lines = steps.flatMap(({ id, status, result, remedy, paste, where, docs }, index) => [
    `${index + 1}. ${words.test.steps[id].title}: ${words.test.status[status]}`,
    ...[
      result,
      remedy && `${words.error.remedy}: ${remedy}`,
      paste && `${words.error.paste}: ${paste}`,
      where && `${words.error.where}: ${where}`,
      docs && `${words.error.docs}: ${docs}`,
    ]
      .filter(Boolean)
      .map((line) => `   ${line}`),
  ])
  return [`${words.test.verdict[verdictOf(steps)]} · ${about}`, '', ...lines].join('\n')
}

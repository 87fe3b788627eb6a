import { type Fragment, type Html, html } from './html.ts'
import { type IconName, icon } from './icons.ts'
import { page, type Site } from './layout.ts'
import { link, safeHref } from './links.ts'
import { moment, rows } from './rows.ts'
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
  readonly docsHref?: string | undefined
}

/** What a test sign-in found. */
export interface TestReport {
  readonly startedAt: Date
  readonly verdict: 'passed' | 'failed'
  readonly steps: readonly TestStep[]
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
  readonly report?: TestReport | undefined
}

/** For tool owners: start a test sign-in, or read what the last one found. */
export function testPage(site: Site, test: TestPage): string {
  const { report } = test
  if (report === undefined) {
    const steps = testStepIds.map((id) => ({ id, status: 'pending' }) as const)
    const body = html`<p class="muted">${words.test.intro}</p>
${form(test, words.test.start)}
${list(steps)}`
    return page(site, { title: words.test.title, width: 'wide' }, body)
  }
  const passed = report.verdict === 'passed'
  const failed = report.steps.filter(({ status }) => status === 'failed').map(({ id }) => words.test.steps[id].title)
  const body = html`<p>${passed ? words.test.passed : words.test.failed(failed)} <span class="muted">${moment(report.startedAt)}</span></p>
${list(report.steps)}
${copy(plainText(test, report))}
<section><h2>${words.test.again}</h2>
${form(test, words.test.start)}</section>`
  return page(
    site,
    {
      title: words.test.verdict[report.verdict],
      width: 'wide',
      icon: passed ? 'check' : 'alert',
      tone: passed ? 'good' : 'bad',
      script: 'copy',
    },
    body,
  )
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

function list(steps: readonly TestStep[]): Html {
  return html`<section><h2>${words.test.listed}</h2>
<ol class="card">${steps.map(item)}</ol></section>`
}

function item({ id, status, result, remedy, paste, where, docsHref }: TestStep, index: number): Html {
  const { title, asks } = words.test.steps[id]
  const [name, tone] = marks[status]
  return html`<li class="lead">
<span class="mark ${tone}">${icon(name)}</span>
<div><h3>${index + 1}. ${title} <span class="badge ${tone}">${words.test.status[status]}</span></h3>
${result === undefined ? html`<p class="muted">${asks}</p>` : html`<p>${result}</p>`}
${rows([
  [words.error.remedy, remedy],
  [words.error.paste, paste !== undefined && html`<code>${paste}</code>`],
  [words.error.where, where],
  [words.error.docs, docsHref !== undefined && link(docsHref, docsHref)],
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
function plainText({ providers, selected }: TestPage, { startedAt, verdict, steps }: TestReport): string {
  const provider = providers.find(({ name }) => name === selected?.provider)?.title
  const about = [words.test.verdict[verdict], provider, words.layout.time(startedAt)].filter(Boolean).join(' · ')
  const lines = steps.flatMap(({ id, status, result, remedy, paste, where, docsHref }, index) => [
    `${index + 1}. ${words.test.steps[id].title}: ${words.test.status[status]}`,
    ...[
      result,
      remedy && `${words.error.remedy}: ${remedy}`,
      paste && `${words.error.paste}: ${paste}`,
      where && `${words.error.where}: ${where}`,
      docsHref && `${words.error.docs}: ${docsHref}`,
    ]
      .filter(Boolean)
      .map((line) => `   ${line}`),
  ])
  return [about, '', ...lines].join('\n')
}

import { figure, table } from '../report.ts'
import type { Measured } from './measure.ts'
import type { LeftOut } from './row.ts'

const head = [
  '64 connections, 1 KB of JSON',
  'requests/s',
  'lowest–highest',
  'CPU µs/request',
  'core used',
  'p50 ms',
  'p99 ms',
  '/ bare',
  '/ mod_auth_openidc',
  '/ nginx',
]

/** The main table, with a line for each row that has no figures. */
export function mainTable(measured: readonly Measured[], leftOut: readonly LeftOut[]): string {
  const good = measured.filter(({ voidBecause }) => voidBecause === undefined)
  const rateOf = (id: string) => good.find(({ row }) => row.id === id)?.perSecond
  const rows = good.map((one) => [
    one.row.title,
    figure(one.perSecond),
    one.perSecondRange.map((value) => figure(value)).join('–'),
    figure(one.cpuMicroseconds, 1),
    `${figure((one.perSecond * one.cpuMicroseconds) / 1e4)} %`,
    figure(one.p50, 2),
    figure(one.p99, 2),
    ...['bare', 'openidc', 'nginx'].map((id) => figure(one.perSecond / (rateOf(id) ?? Number.NaN), 2)),
  ])
  const notes = [
    ...measured.flatMap(({ row, voidBecause }) => (voidBecause ? [`- void: ${row.title}: ${voidBecause}`] : [])),
    ...leftOut.map(({ title, because }) => `- left out: ${title}: ${because}`),
  ]
  return [table(head, rows), notes.join('\n')].filter(Boolean).join('\n\n')
}

/** What was promised of a run, beside what it shows. */
export function promises(measured: readonly Measured[]): string {
  const rate = (id: string) =>
    measured.find(({ row, voidBecause }) => row.id === id && voidBecause === undefined)?.perSecond ?? Number.NaN
  const rows: readonly (readonly [string, string, string, number])[] = [
    ['signed in, Redis / bare', '1.70', '2.20', rate('redis') / rate('bare')],
    ['signed in, Redis / mod_auth_openidc', '5.00', '7.00', rate('redis') / rate('openidc')],
    ['signed in, Redis / nginx', '0.25', '0.33', rate('redis') / rate('nginx')],
    ['10,000 sessions / one', '0.95', '', rate('rotating') / rate('redis')],
    ['a Redis read per request / bare', '1.30', '', rate('uncached') / rate('bare')],
    ['an MCP tools/call / the same POST', '0.80', '', rate('tools-call') / rate('post')],
    ['two workers / one', '1.50', '', rate('two-workers') / rate('one-worker')],
  ]
  return table(
    ['ratio', 'at least', 'aimed at', 'here'],
    rows.map(([title, least, aim, value]) => [title, least, aim, figure(value, 2)]),
  )
}

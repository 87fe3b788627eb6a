import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { Page } from 'playwright-core'

const source = await readFile(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8')

/** What axe finds wrong with the page, by rule and element. `options` are those of `axe.run`. */
export async function violations(page: Page, options: object): Promise<string[]> {
  if (!(await page.evaluate("'axe' in window"))) await page.evaluate(source)
  return page.evaluate(`axe.run(${JSON.stringify(options)}).then(({ violations }) =>
    violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => id + ': ' + html)))`)
}

/** The retry is the page's purpose, and it says so; a meta refresh is the only one that needs no script. */
export const allRules = { rules: { 'meta-refresh': { enabled: false } } }
export const contrast = { runOnly: ['color-contrast'] }

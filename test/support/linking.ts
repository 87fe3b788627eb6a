import type { Answer, createBrowser } from './browser.ts'
import type { createPerson } from './mcp-client.ts'
import { passOidcProvider } from './oidc-provider.ts'

/** Presses the button of a page of ours. */
export function press(browser: ReturnType<typeof createBrowser>, page: Answer, headers = {}): Promise<Answer> {
  const action = (/<form[^>]* action="([^"]*)"/.exec(page.body)?.[1] ?? '').replaceAll('&amp;', '&')
  const { origin, href } = new URL(action, page.url)
  return browser.load(href, {
    method: 'POST',
    form: {},
    headers: { origin, 'sec-fetch-site': 'same-origin', ...headers },
  })
}

/** Opens a link, presses its button and agrees at oidc-provider; gives the last page. */
export async function connectAccount(
  { browser }: ReturnType<typeof createPerson>,
  link: string,
  login = 'ada',
): Promise<Answer> {
  const leaving = await press(browser, await browser.open(link))
  return passOidcProvider(browser, await browser.open(new URL(leaving.location ?? '', link).href), login)
}

/** Ends the connection with a provider. */
export async function disconnect(
  { browser }: ReturnType<typeof createPerson>,
  origin: string,
  name = 'crm',
): Promise<void> {
  await browser.load(`${origin}/oauth/connections/${name}/disconnect`, {
    method: 'POST',
    form: {},
    headers: { origin },
  })
}

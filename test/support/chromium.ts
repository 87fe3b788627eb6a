import { type Browser, chromium as playwright } from 'playwright-core'
import type { Test } from 'tap'
import { chromium } from './binaries.ts'

const args = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** Starts the machine's Chromium. It ends with the test. */
export async function startChromium(t: Test): Promise<Browser> {
  const browser = await playwright.launch({ executablePath: chromium(), args })
  t.teardown(() => browser.close())
  return browser
}

import { mkdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { launchChromium } from './chromium.ts'
import { ordinary, samplePages, siteFor } from './sample-pages.ts'
import { servePages } from './serve-pages.ts'

// Pictures of our pages for docs/pages.md: npm run screenshots. Each is the first screen, in light and in dark, scaled
// down to what a document shows of it.

const shown = {
  home: 'home',
  'sign-in': 'sign-in',
  error: 'provider_refused',
  connections: 'connections',
  test: 'test-failed',
  'signed-out': 'signed-out',
}

const folder = fileURLToPath(new URL('../../docs/images/', import.meta.url))
await mkdir(folder, { recursive: true })
const server = await servePages(samplePages(), siteFor(ordinary).assets)
const browser = await launchChromium()
try {
  for (const colorScheme of ['light', 'dark'] as const) {
    const page = await browser.newPage({ colorScheme, viewport: { width: 1280, height: 800 }, deviceScaleFactor: 0.7 })
    for (const [picture, name] of Object.entries(shown)) {
      await page.goto(`${server.origin}/${name}`)
      const unfold = picture === 'error'
      if (unfold) await page.locator('summary').click()
      await page.screenshot({ path: `${folder}${picture}-${colorScheme}.png`, fullPage: unfold })
    }
  }
} finally {
  await browser.close()
  server.close()
}

import { sha256 } from '../../core/secret.ts'
import { isHexColour } from './colour.ts'
import { copyScript } from './copy.ts'
import { gateLogo } from './logo.ts'
import { stylesheet } from './stylesheet.ts'

/** How the owner shows the gateway to people. `logo`: SVG text, a `data:image/` URL or a path on this origin; `accent`: hex. */
export interface Brand {
  readonly name: string
  readonly logo?: string | undefined
  readonly accent?: string | undefined
  readonly contact?: string | undefined
}

/** What our pages load. The name has a hash of the content, so a file may be cached for ever. */
export interface Assets {
  readonly files: ReadonlyMap<string, { readonly type: string; readonly body: string }>
  readonly href: (name: AssetName) => string
}

type AssetName = 'stylesheet' | 'copy' | 'logo'

const defaultAccent = '#0f766e'

/** The files for this brand, served at `<basePath>/assets/<name>.<hash>.<extension>`. */
export function createAssets(brand: Brand, basePath: string): Assets {
  const accent = brand.accent !== undefined && isHexColour(brand.accent) ? brand.accent : defaultAccent
  const files = new Map<string, { type: string; body: string }>()
  const add = (name: string, extension: string, type: string, body: string) => {
    const file = `${name}.${sha256(body).slice(0, 16)}.${extension}`
    files.set(file, { type, body })
    return `${basePath}/assets/${file}`
  }
  const hrefs: Record<AssetName, string> = {
    stylesheet: add('toolgate', 'css', 'text/css; charset=utf-8', stylesheet(accent)),
    logo: isAddress(brand.logo) ? brand.logo : add('logo', 'svg', 'image/svg+xml', svg(brand.logo) ?? gateLogo(accent)),
    copy: add('copy', 'js', 'text/javascript; charset=utf-8', copyScript),
  }
  return { files, href: (name) => hrefs[name] }
}

/** What `img-src 'self' data:` lets a page show; an address elsewhere would only be a broken picture. */
function isAddress(logo: string | undefined): logo is string {
  return logo !== undefined && (/^\/(?![/\\])/.test(logo) || logo.startsWith('data:image/'))
}

function svg(logo: string | undefined): string | undefined {
  return logo?.trimStart().startsWith('<') ? logo : undefined
}

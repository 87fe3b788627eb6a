import Type, { type TEnum, type TOptional, type TString } from 'typebox'
import { isNotStandIn, isOwnHost, text, url, word } from './leaves.ts'
import type { Preset, PresetValue } from './presets/preset.ts'
import {
  clientId,
  clientSecret,
  commonKeys,
  domain,
  idTokenClaims,
  type Real,
  scopes,
  userinfoClaims,
} from './provider-keys.ts'

/** The schema of a provider whose `type` is this preset: what its owner gives, and few keys more. */
export function presetProvider<Name extends string, Key extends string>(name: Name, preset: Preset<Key>) {
  const { title, where } = preset
  const values = Object.entries<PresetValue>(preset.values).map(([key, value]) => [
    key,
    schemaOf(`your ${title} ${key.replaceAll('_', ' ')}`, value),
  ])
  return Type.Object(
    {
      type: word([name], { description: `${title}.` }) as TEnum<[Name]>,
      ...(Object.fromEntries(values) as Record<Key, TString>),
      client_id: clientId(
        { description: `The client registered at ${title}.`, examples: [preset.clientIdExample] },
        { isReal: (value) => !/^0{8}-|^123456|example|[{<]/i.test(value), where: where.client_id },
      ),
      client_secret: secretOf(name, preset),
      scopes: scopes(preset.scopes),
      claims: preset.protocol === 'oauth2' ? userinfoClaims : idTokenClaims(preset.claimNames.groups),
      ...signOutOf(preset),
      ...commonKeys,
    },
    { description: `${title}.` },
  )
}

/** The type is that of a key that may be absent; where it is required, TypeBox's own mark is missing. */
function secretOf(name: string, { secret }: Preset): TOptional<TString> {
  const schema = clientSecret(`${name.toUpperCase()}_CLIENT_SECRET`)
  return secret === 'required' ? (schema as TOptional<TString>) : Type.Optional(schema)
}

/** The key is there only where there is a choice. */
function signOutOf({ title, signOut }: Preset): { readonly sign_out: TOptional<TEnum<['provider', 'local']>> } {
  const choice = word(['provider', 'local'], {
    description: `provider: signing out also ends the ${title} session. local: only ours.`,
    default: 'provider',
  })
  return (signOut === 'local' ? {} : { sign_out: choice }) as ReturnType<typeof signOutOf>
}

function schemaOf(what: string, { kind, placeholder, form, ...value }: PresetValue) {
  const { description, example, where } = value
  const shown = { description, examples: [example], ...(value.default !== undefined && { default: value.default }) }
  const real: Real = {
    isReal: (written) => !placeholder.test(written) && isNotStandIn(written),
    what,
    where,
  }
  const isOfForm = (written: string) => form === undefined || new RegExp(form[0]).test(written)
  const rule = [isOfForm, form?.[1] ?? ''] as const
  const notReal = `is a placeholder; put ${what} here (${where})`

  switch (kind) {
    case 'domain':
      return domain(shown, real, rule)
    case 'url':
      return Type.Decode(
        url(shown, {}, [(written) => real.isReal(written) && isOwnHost(written), notReal], rule),
        (written) => written.replace(/\/+$/, ''),
      )
    case 'name':
      return text(shown, [real.isReal, notReal], rule)
  }
}

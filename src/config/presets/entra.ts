import { type Preset, standardClaims } from './preset.ts'

const registration = 'Entra admin center: App registrations > your app'

/**
 * Microsoft Entra ID. It never sends `email_verified`, and anybody can give an account of their own tenant any address,
 * so rules on e-mail match nobody here unless it is trusted. Groups are object ids, and absent unless the app is set to
 * send them; app roles come in `roles`. There is no revocation endpoint.
 */
export const entra: Preset<'tenant'> = {
  title: 'Microsoft Entra ID',
  protocol: 'openid',
  values: {
    tenant: {
      kind: 'name',
      description: 'The directory (tenant) ID.',
      where: `${registration} > Overview > Directory (tenant) ID`,
      example: '8c2f5b1e-3d47-4a69-b0e8-71d9f6a2c354',
      placeholder: /your|tenant|contoso|^0{8}-|^12345678-|^x{8}-|[{<]/i,
      // The issuer holds the id, whichever name the metadata is asked for by; `common` has no single issuer.
      form: [
        '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$',
        `must be the ID of one tenant, not its domain, common or organizations (${registration} > Overview > Directory (tenant) ID)`,
      ],
    },
  },
  where: {
    client_id: `${registration} > Overview > Application (client) ID`,
    client_secret: `${registration} > Certificates & secrets > Client secrets > Value`,
    callback: `${registration} > Authentication > Web > Redirect URIs`,
  },
  clientIdExample: 'b7d40f92-6e1a-4c38-9f25-0a8e3c5d7b61',
  secret: 'optional',
  issuer: ({ tenant }) => `https://login.microsoftonline.com/${tenant.toLowerCase()}/v2.0`,
  endpoints: () => ({}),
  scopes: ['openid', 'profile', 'email', 'offline_access'],
  authorizeParams: {},
  claimNames: standardClaims,
  clientAuthentication: 'client_secret_post',
  signOut: 'openid',
}

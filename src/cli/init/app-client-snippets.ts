import type { AppClient } from './app-client.ts'

/** The `aws` commands that create such an app client and its sign-in pages. */
export function awsCli({ callbackUrl, signOutUrl, scopes, confidential, userPoolId }: AppClient): string {
  const pool = `--region ${shellWord(userPoolId.split('_')[0] ?? '')} --user-pool-id ${shellWord(userPoolId)}`
  return `CLIENT_ID=$(aws cognito-idp create-user-pool-client ${pool} \\
  --client-name toolgate \\
  ${confidential ? '--generate-secret' : '--no-generate-secret'} \\
  --callback-urls ${shellWord(callbackUrl)} \\
  --logout-urls ${shellWord(signOutUrl)} \\
  --supported-identity-providers COGNITO \\
  --allowed-o-auth-flows-user-pool-client \\
  --allowed-o-auth-flows code \\
  --allowed-o-auth-scopes ${scopes.map(shellWord).join(' ')} \\
  --prevent-user-existence-errors ENABLED \\
  --enable-token-revocation \\
  --query UserPoolClient.ClientId --output text)

# Managed login shows no sign-in page to a client without a branding style. A classic domain does not need this.
aws cognito-idp create-managed-login-branding ${pool} \\
  --client-id "$CLIENT_ID" --use-cognito-provided-values

echo "client_id: $CLIENT_ID"`
}

/** A CloudFormation template that creates such an app client and its sign-in pages. */
export function cloudFormation({ callbackUrl, signOutUrl, scopes, confidential, userPoolId }: AppClient): string {
  return `Resources:
  ToolgateClient:
    Type: AWS::Cognito::UserPoolClient
    Properties:
      ClientName: toolgate
      UserPoolId: ${quoted(userPoolId)}
      GenerateSecret: ${confidential}
      CallbackURLs: [${quoted(callbackUrl)}]
      LogoutURLs: [${quoted(signOutUrl)}]
      SupportedIdentityProviders: [COGNITO]
      AllowedOAuthFlowsUserPoolClient: true
      AllowedOAuthFlows: [code]
      AllowedOAuthScopes: [${scopes.map(quoted).join(', ')}]
      PreventUserExistenceErrors: ENABLED
      EnableTokenRevocation: true

  # Managed login shows no sign-in page to a client without a branding style. A classic domain does not need this.
  ToolgateBranding:
    Type: AWS::Cognito::ManagedLoginBranding
    Properties:
      UserPoolId: ${quoted(userPoolId)}
      ClientId: !Ref ToolgateClient
      UseCognitoProvidedValues: true

Outputs:
  ClientId:
    Value: !Ref ToolgateClient`
}

/** A Terraform module that creates such an app client and its sign-in pages. */
export function terraform({ callbackUrl, signOutUrl, scopes, confidential, userPoolId }: AppClient): string {
  return `resource "aws_cognito_user_pool_client" "toolgate" {
  name                                 = "toolgate"
  user_pool_id                         = ${hclString(userPoolId)}
  generate_secret                      = ${confidential}
  callback_urls                        = [${hclString(callbackUrl)}]
  logout_urls                          = [${hclString(signOutUrl)}]
  supported_identity_providers         = ["COGNITO"]
  allowed_oauth_flows_user_pool_client = true
  allowed_oauth_flows                  = ["code"]
  allowed_oauth_scopes                 = [${scopes.map(hclString).join(', ')}]
  prevent_user_existence_errors        = "ENABLED"
  enable_token_revocation              = true
}

# Managed login shows no sign-in page to a client without a branding style. A classic domain does not need this.
resource "aws_cognito_managed_login_branding" "toolgate" {
  user_pool_id                = ${hclString(userPoolId)}
  client_id                   = aws_cognito_user_pool_client.toolgate.id
  use_cognito_provided_values = true
}

output "client_id" {
  value = aws_cognito_user_pool_client.toolgate.id
}
${confidential ? terraformSecret : ''}`.trimEnd()
}

const terraformSecret = `
output "client_secret" {
  value     = aws_cognito_user_pool_client.toolgate.client_secret
  sensitive = true
}`

/** A YAML string: JSON is YAML. */
const quoted = (text: string): string => JSON.stringify(text)

/** A string of HCL, without its templates. */
const hclString = (text: string): string => JSON.stringify(text).replaceAll(/[$%](?=\{)/g, '$&$&')

/** One word of a POSIX shell. */
function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}

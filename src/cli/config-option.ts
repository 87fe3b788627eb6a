/** `--config FILE` or `-c FILE`, as `parseArgs` wants it. */
export const configOption = { config: { type: 'string', short: 'c' } } as const

/** The config file to read: the option, else `$TOOLGATE_CONFIG`, else `config/toolgate.yaml`. */
export function configFile(value: string | undefined, env: NodeJS.ProcessEnv): string {
  return value ?? (env.TOOLGATE_CONFIG || 'config/toolgate.yaml')
}

/** `--config FILE` or `-c FILE`, and `--help`, as `parseArgs` wants them. */
export const commandOptions = {
  config: { type: 'string', short: 'c' },
  help: { type: 'boolean', default: false },
} as const

/** Those of commands that report, to people or with `--json` to scripts. */
export const reportOptions = { ...commandOptions, json: { type: 'boolean', default: false } } as const

/** The config file to read: the option, else `$TOOLGATE_CONFIG`, else `config/toolgate.yaml`. */
export function configFile(value: string | undefined, env: NodeJS.ProcessEnv): string {
  return value ?? (env.TOOLGATE_CONFIG || 'config/toolgate.yaml')
}

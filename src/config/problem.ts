/** One thing to change in the config. No message ever holds a value of the config, so no secret can get out. */
export interface Problem {
  readonly file: string
  readonly line?: number
  readonly column?: number
  /** Where it is, as in `routes[0].upstream`; empty for the file as a whole. */
  readonly path: string
  readonly message: string
}

/** `FILE:LINE:COLUMN  path.to[0].key: what to do`. */
export function formatProblem({ file, line, column, path, message }: Problem): string {
  const place = line === undefined ? file : `${file}:${line}:${column ?? 1}`
  return `${place}  ${path === '' ? '' : `${path}: `}${message}`
}

/** A config that cannot be used; its message is every problem, one a line. */
export class ConfigError extends Error {
  readonly problems: readonly Problem[]
  readonly warnings: readonly Problem[]

  constructor(problems: readonly Problem[], warnings: readonly Problem[] = []) {
    super(problems.map(formatProblem).join('\n'))
    this.name = 'ConfigError'
    this.problems = problems
    this.warnings = warnings
  }
}

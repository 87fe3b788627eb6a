import type { Problem } from './problem.ts'

/** Where something is in the file; both count from 1. */
export interface Position {
  readonly line: number
  readonly column: number
}

/** Collects what is wrong and what is odd, each at its place in the file. */
export interface Findings {
  readonly problems: readonly Problem[]
  readonly warnings: readonly Problem[]
  /** Remembers where the value of a path is. */
  readonly place: (path: string, position: Position) => void
  /** Something that must be changed. Without a position it is that of the path, or of the nearest path around it. */
  readonly problem: (path: string, message: string, position?: Position) => void
  /** Something that works, and is likely not meant. */
  readonly warning: (path: string, message: string) => void
}

/** `routes[0]` + `path` = `routes[0].path`; names that would be ambiguous are quoted. */
export function childPath(path: string, key: string | number): string {
  if (typeof key === 'number') return `${path}[${key}]`
  if (!/^[\w-]+$/.test(key)) return `${path}[${JSON.stringify(key)}]`
  return path === '' ? key : `${path}.${key}`
}

export function createFindings(file: string): Findings {
  const positions = new Map<string, Position>()
  const problems: Problem[] = []
  const warnings: Problem[] = []

  function locate(path: string): Position | undefined {
    if (path === '') return positions.get('')
    return positions.get(path) ?? locate(path.replace(/(^|\.)[\w-]+$|\[(\d+|".*")\]$/, ''))
  }
  const at = (path: string, message: string, position = locate(path)): Problem => ({ file, ...position, path, message })

  return {
    problems,
    warnings,
    place: (path, position) => void positions.set(path, position),
    problem: (path, message, position) => void problems.push(at(path, message, position)),
    warning: (path, message) => void warnings.push(at(path, message)),
  }
}

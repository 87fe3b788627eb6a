/**
 * The formats of what is stored, each one number. A release reads these and those of the release before it, and leaves
 * alone what is newer. A new one is first read by all replicas and only then written: docs/storage.md says how.
 */
export const formats = {
  /** The line in front of a record's body. */
  record: 1,
  /** The JSON in a record's body. */
  content: 1,
  /** The sealed bytes around it, and around what sealed cookies carry. */
  sealing: 1,
} as const

/**
 * The classes of values that a MySQL source may hold and PostgreSQL cannot store as they are.
 *
 * Each needs a person's decision before anything is copied. `replace` says what the action of that name puts instead.
 */
export const valueClasses = {
  'zero-date': { says: 'dates and times that are all zero', replace: '1970-01-01 (at 00:00:00)' },
  'invalid-date': {
    says: 'dates with a zero month or day, or a day that the month lacks',
    replace: 'the nearest date that exists (2020-00-10 becomes 2020-01-10)',
  },
  'time-out-of-range': { says: 'times below 00:00:00 or beyond 24:00:00', replace: '00:00:00 or 24:00:00' },
  'nul-byte': { says: 'text with NUL characters', replace: 'U+FFFD for each NUL' },
  'undecodable-text': { says: 'text that is not valid in its character set', replace: 'U+FFFD for each invalid run' },
  'boolean-out-of-range': { says: 'booleans other than 0 and 1', replace: 'true, as Rails reads them' },
  orphan: { says: 'rows whose foreign key names no row', replace: null },
} as const satisfies Record<string, { readonly says: string; readonly replace: string | null }>

export type ValueClass = keyof typeof valueClasses

/** `stop`: copy nothing. `null`: the value becomes NULL. `replace`: see the class. `quarantine`: the row is set aside. */
export const valueActions = ['stop', 'null', 'replace', 'quarantine'] as const
export type ValueAction = (typeof valueActions)[number]

/** The actions that make sense for a class; `null` further needs a column that may be NULL. */
export function actionsFor(valueClass: ValueClass): readonly ValueAction[] {
  return valueClasses[valueClass].replace === null ? ['stop', 'null', 'quarantine'] : valueActions
}

/**
 * What was decided, by class, or by class and column where one column needs another answer.
 *
 * Keys are `CLASS` or `CLASS@TABLE.COLUMN`; the latter wins. What is not named stops the copy.
 */
export type Decisions = Readonly<Record<string, ValueAction>>

export function decisionFor(decisions: Decisions, valueClass: ValueClass, table: string, column: string): ValueAction {
  return decisions[`${valueClass}@${table}.${column}`] ?? decisions[valueClass] ?? 'stop'
}

/** True for `CLASS` and `CLASS@TABLE.COLUMN` with a class that exists. */
export function isDecisionKey(key: string): boolean {
  const [valueClass = '', column] = key.split('@')
  return Object.hasOwn(valueClasses, valueClass) && (column === undefined || /^[^.@]+\.[^.@]+$/.test(column))
}

/** The class that a decision key names. */
export function classOfKey(key: string): ValueClass | undefined {
  const [valueClass = ''] = key.split('@')
  // Every own key of the table is a ValueClass.
  return Object.hasOwn(valueClasses, valueClass) ? (valueClass as ValueClass) : undefined
}

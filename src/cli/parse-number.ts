import { fault } from './faults.ts'

/** An option parser for whole numbers within bounds; anything else is OPTION_INVALID. */
export function wholeNumber(option: string, least: number, most: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
    if (value >= least && value <= most) return value
    throw fault('OPTION_INVALID', { option, allowed: `a whole number from ${least} to ${most}` })
  }
}

/** An option parser for numbers above zero, such as 0.5. */
export function positiveNumber(option: string): (text: string) => number {
  return (text) => {
    const value = /^\d{1,9}(?:\.\d{1,6})?$/.test(text) ? Number(text) : Number.NaN
    if (value > 0) return value
    throw fault('OPTION_INVALID', { option, allowed: 'a number above 0, such as 0.1 or 10' })
  }
}

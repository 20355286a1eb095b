/** Who acts. `customer` owns source and destination account, `rhoam-eng` does most of the work, `bu-srep` grants access. */
export const parties = ['customer', 'rhoam-eng', 'bu-srep'] as const
export type Party = (typeof parties)[number]

/** How much of the customer's accounts the vendor may touch; it decides who owns a row, nothing else. */
export const accessLevels = ['limited', 'extended-limits', 'no-access'] as const
export type AccessLevel = (typeof accessLevels)[number]

/** Where a row's effects happen. */
export const places = ['source', 'migration', 'destination', 'exchange', 'customer'] as const
export type Place = (typeof places)[number]

/** Quotes a MySQL identifier. */
export function quoteMysql(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``
}

import type { ExchangePlace, PartStore } from '../ports/exchange.ts'

/** Opens places of exchanges; what each needs is loaded with the first of its kind. */
export function partStores(env: (name: string) => string | undefined): (place: ExchangePlace) => Promise<PartStore> {
  const pathStyle = [env('AWS_ENDPOINT_URL_S3'), env('AWS_ENDPOINT_URL')].some((url) => (url ?? '') !== '')
  return async (place) => {
    if (place.kind === 'folder') return (await import('../movers/exchange/folder-store.ts')).folderStore(place.folder)
    const { s3Parts } = await import('../adapters/aws/s3-parts.ts')
    return s3Parts(place.at, { pathStyle })
  }
}

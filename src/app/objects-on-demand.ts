import type { ObjectStore } from '../ports/objects.ts'

/**
 * The objects of S3. What asks AWS is loaded with the first that is asked for: no other command pays for it.
 *
 * In: the environment, which says whether a store other than AWS itself is meant.
 */
export function objectsOnDemand(env: (name: string) => string | undefined): ObjectStore {
  const pathStyle = [env('AWS_ENDPOINT_URL_S3'), env('AWS_ENDPOINT_URL')].some((url) => (url ?? '') !== '')
  let loading: Promise<ObjectStore> | undefined
  const loaded = () => {
    loading ??= import('../adapters/aws/s3-objects.ts').then(({ s3Objects }) => s3Objects({ pathStyle }))
    return loading
  }
  return {
    describe: async (at, options) => (await loaded()).describe(at, options),
    async *read(at, range) {
      yield* (await loaded()).read(at, range)
    },
  }
}

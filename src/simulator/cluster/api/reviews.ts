import type { ServerResponse } from 'node:http'
import { serviceAccountUser, type User } from '../access/accounts.ts'
import { type Attempt, mayDo, rulesOf } from '../access/rbac.ts'
import { apiVersionOf } from '../kind-table.ts'
import { type Fields, isFields, readList, readNumber, readPath, readText } from '../read-path.ts'
import { noSuchPath } from '../refusal.ts'
import { sendJson } from './answers.ts'
import { readObject } from './body.ts'
import { type ApiContext, type ResourceCall, refOf } from './context.ts'

type Answer = (context: ApiContext, user: User, body: Fields) => Fields

/** Answers the kinds that are questions: about one's own rights, somebody else's, or a token. */
export async function serveReview(context: ApiContext, call: ResourceCall, response: ServerResponse): Promise<void> {
  const answer = answers[call.kind.kind]
  if (answer === undefined) throw noSuchPath()
  const body = await readObject(call.request)
  const status = answer(context, call.user, body)
  const { kind } = call
  sendJson(response, 201, {
    ...body,
    apiVersion: apiVersionOf(kind),
    kind: kind.kind,
    metadata: body.metadata ?? {},
    status,
  })
}

const answers: Readonly<Record<string, Answer>> = {
  SelfSubjectAccessReview: (context, user, body) => ({ allowed: mayDo(context.store, user, attemptOf(body)) }),
  SubjectAccessReview: (context, _user, body) => {
    const asked = { name: readText(body, 'spec.user'), groups: readList(body, 'spec.groups').map(String) }
    return { allowed: mayDo(context.store, asked, attemptOf(body)) }
  },
  SelfSubjectRulesReview: (context, user, body) => {
    const rules = rulesOf(context.store, user, readText(body, 'spec.namespace') || undefined)
    return {
      incomplete: false,
      resourceRules: rules
        .filter(({ resources }) => resources.length > 0)
        .map(({ verbs, apiGroups, resources, resourceNames }) => ({
          verbs,
          apiGroups,
          resources,
          ...(resourceNames.length === 0 ? {} : { resourceNames }),
        })),
      nonResourceRules: rules
        .filter(({ nonResourceURLs }) => nonResourceURLs.length > 0)
        .map(({ verbs, nonResourceURLs }) => ({ verbs, nonResourceURLs })),
    }
  },
  SelfSubjectReview: (_context, user) => ({ userInfo: { username: user.name, groups: user.groups } }),
  TokenReview: (context, _user, body) => {
    const user = context.accounts.find(readText(body, 'spec.token'))
    return user === undefined
      ? { authenticated: false, error: 'the token is unknown or has expired' }
      : { authenticated: true, user: { username: user.name, groups: user.groups } }
  },
}

function attemptOf(body: Fields): Attempt {
  const about = readPath(body, 'spec.resourceAttributes')
  const verb = (from: string) => readText(body, `${from}.verb`)
  if (!isFields(about)) {
    const path = readText(body, 'spec.nonResourceAttributes.path')
    return { kind: 'path', verb: verb('spec.nonResourceAttributes'), path }
  }
  const [subresource, namespace, name] = ['subresource', 'namespace', 'name'].map((field) => readText(about, field))
  return {
    kind: 'resource',
    verb: verb('spec.resourceAttributes'),
    group: readText(about, 'group'),
    resource: readText(about, 'resource') + ((subresource ?? '') === '' ? '' : `/${subresource}`),
    ...((namespace ?? '') === '' ? {} : { namespace: namespace ?? '' }),
    ...((name ?? '') === '' ? {} : { name: name ?? '' }),
  }
}

const hourSeconds = 3600

/** POST …/serviceaccounts/NAME/token: a token that ends. Refuses: NotFound. */
export async function serveTokenRequest(
  context: ApiContext,
  call: ResourceCall,
  response: ServerResponse,
): Promise<void> {
  const { namespace = '', name } = context.store.read(refOf(call)).metadata
  const body = await readObject(call.request)
  const lastsMs = (readNumber(body, 'spec.expirationSeconds') || hourSeconds) * 1000
  const user = serviceAccountUser(namespace, name)
  const token = context.accounts.issue(user.name, user.groups, lastsMs)
  const expirationTimestamp = new Date(context.clock.now() + lastsMs).toISOString()
  sendJson(response, 201, {
    ...body,
    kind: 'TokenRequest',
    apiVersion: 'authentication.k8s.io/v1',
    status: { token: token.reveal('whoever may ask for it is told'), expirationTimestamp },
  })
}

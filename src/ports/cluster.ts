import type { Secret } from '../base/secret.ts'
import type { ClusterKind, ClusterObject, ObjectRef } from '../model/cluster-object.ts'

/** Which cluster it is, as its own Infrastructure object says. Two clusters never have the same `uid`. */
export interface ClusterIdentity {
  /** `status.infrastructureName`, such as `prod-x7k2p`. */
  readonly name: string
  readonly uid: string
  /** Where its API is for everybody; empty when the cluster does not say. */
  readonly apiUrl: string
  /** The AWS region it runs in, or null elsewhere. */
  readonly awsRegion: string | null
}

/** What may be written into an object: JSON, with a `Secret` wherever text may stand. */
export type ClusterValue =
  | null
  | boolean
  | number
  | string
  | Secret
  | readonly ClusterValue[]
  | { readonly [field: string]: ClusterValue }

/** What is wanted of one object: nothing but the fields that the product means to own. */
export interface Manifest {
  readonly metadata: ObjectRef & {
    readonly labels?: Readonly<Record<string, string>>
    readonly annotations?: Readonly<Record<string, string>>
    readonly ownerReferences?: readonly ClusterValue[]
  }
  /** Such as `spec` or `data`. */
  readonly fields: { readonly [field: string]: ClusterValue }
}

/** What must still be so for a change to be made; otherwise nothing is changed, and OPENSHIFT_CONFLICT is thrown. */
export interface Precondition {
  readonly uid?: string
  readonly resourceVersion?: string
}

export type JsonOperation =
  | { readonly op: 'add' | 'replace' | 'test'; readonly path: string; readonly value: ClusterValue }
  | { readonly op: 'remove'; readonly path: string }

export type Patch =
  /** RFC 7386: null removes a field, lists are replaced as a whole. */
  | { readonly kind: 'merge'; readonly body: { readonly [field: string]: ClusterValue } }
  /** RFC 6902, all or nothing. */
  | { readonly kind: 'json'; readonly operations: readonly JsonOperation[] }

/** Which objects: one by its name, or all with these labels; without a namespace, of the whole cluster. */
export interface ObjectQuery {
  readonly namespace?: string
  readonly name?: string
  /** A label selector, such as `app=3scale,threescale_component!=zync`. */
  readonly labels?: string
}

export interface Waiting {
  readonly signal: AbortSignal
}

export interface UntilOptions<Decoded> extends Waiting {
  /** Milliseconds after which it is a fault. */
  readonly deadlineMs: number
  /** What is waited for, as a message says it: `rhmi-operator to have no pods`. */
  readonly what: string
  /** How things stand, in a few words without secrets, for the message when the deadline passes. */
  readonly describe?: (objects: readonly Decoded[]) => string
}

export interface ContainerRef {
  readonly namespace: string
  readonly pod: string
  readonly container: string
}

export interface ExecRequest extends Waiting {
  /** The program and its arguments. They are readable in the cluster's audit log: never a secret. */
  readonly argv: readonly string[]
  /** Environment for the program; travels on stdin. A value holds no NUL. */
  readonly secretEnv?: Readonly<Record<string, Secret>>
  /** The program reads all of it and then the end; when it breaks off, the program is killed before it sees an end. */
  readonly stdin?: AsyncIterable<Uint8Array>
  /** Called with the pieces in order; the next comes when the promise has settled. The bytes are yours. */
  readonly onStdout?: (bytes: Uint8Array) => void | Promise<void>
  readonly onStderr?: (bytes: Uint8Array) => void | Promise<void>
  /** Exit codes that are no fault; only 0 unless said otherwise. */
  readonly acceptedExitCodes?: readonly number[] | 'any'
}

/** Sums are of the bytes as the container saw them, and equal to those that passed here. */
export interface ExecReport {
  readonly exitCode: number
  readonly stdout: { readonly bytes: number; readonly sha256: string }
  readonly stdin: { readonly bytes: number; readonly sha256: string }
  /** False: a program that failed had not taken all of its input. One that ended well has, or it is a fault. */
  readonly inputTaken: boolean
}

export interface LogsRequest extends Waiting {
  /** Of the container's earlier instance, which has ended. */
  readonly previous?: boolean
  readonly tailLines?: number
}

/** Programs that run in a pod of their own, under the restricted security context. */
export interface ThrowawayPod {
  readonly namespace: string
  /** What its name begins with; the rest is made up. */
  readonly purpose: string
  readonly image: string
  readonly argv: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Given through a Secret that belongs to the Job and goes with it. */
  readonly secretEnv?: Readonly<Record<string, Secret>>
  readonly resources?: { readonly [field: string]: ClusterValue }
  /** Seconds after which the cluster itself ends the pod, whatever has become of us. */
  readonly activeDeadlineSeconds: number
}

export interface JobReport {
  readonly exitCode: number
  /** The end of what it wrote, at most 64 KiB. May quote what it worked on. */
  readonly log: Secret
}

/** A right, as the cluster's roles name it. */
export interface AccessQuestion {
  readonly verb: string
  /** Empty for the core group. */
  readonly group: string
  readonly resource: string
  readonly subresource?: string
  /** Left out: in every namespace, or of the whole cluster. */
  readonly namespace?: string
  readonly name?: string
}

export interface AccessAnswer {
  readonly question: AccessQuestion
  readonly allowed: boolean
}

/**
 * One OpenShift cluster, of which it is known which one it is.
 *
 * Every change is preceded by a look at the cluster's identity: another one than at the beginning is
 * OPENSHIFT_WRONG_CLUSTER and nothing is changed. What is busy, restarting or out of reach for a moment is asked
 * again; a change that may have happened is never made twice with another effect: the object is read again, and what
 * cannot be told is OPENSHIFT_OUTCOME_UNKNOWN. A null or an empty list means that the cluster has said so.
 *
 * Faults of every call: OPENSHIFT_*. Abort: ends the request and throws the reason; a change that was under way may
 * have been made.
 */
export interface Cluster {
  readonly identity: ClusterIdentity
  /** Whether the cluster has this kind at all, at this version. */
  serves(kind: ClusterKind, options: Waiting): Promise<boolean>
  /** Null: there is none of that name. That the kind is unknown to the cluster is a fault. */
  get<Decoded extends ClusterObject>(
    kind: ClusterKind<Decoded>,
    ref: ObjectRef,
    options: Waiting,
  ): Promise<Decoded | null>
  /** Pages as they are pulled, each object at most once. When the cluster forgets the list midway, the rest is newer. */
  list<Decoded extends ClusterObject>(
    kind: ClusterKind<Decoded>,
    query: ObjectQuery,
    options: Waiting & { readonly pageSize?: number },
  ): AsyncGenerator<readonly Decoded[]>
  /**
   * Waits until `holds` says yes of the objects that the query finds, and gives them. It is asked of the state at the
   * beginning and after every change; only what comes and goes again while the cluster cannot be reached may pass
   * unseen. Faults: OPENSHIFT_NOT_IN_TIME.
   */
  until<Decoded extends ClusterObject>(
    kind: ClusterKind<Decoded>,
    query: ObjectQuery,
    holds: (objects: readonly Decoded[]) => boolean,
    options: UntilOptions<Decoded>,
  ): Promise<readonly Decoded[]>
  /**
   * Makes the object be as the manifest says, created if need be, by server-side apply as field manager `threeshift`.
   * A field that somebody else owns and wants otherwise is OPENSHIFT_FIELD_OWNED unless `force`. `dryRun` gives what
   * would come of it.
   */
  apply<Decoded extends ClusterObject>(
    kind: ClusterKind<Decoded>,
    manifest: Manifest,
    options: Waiting & { readonly force?: boolean; readonly dryRun?: boolean },
  ): Promise<Decoded>
  /** Faults: OPENSHIFT_EXISTS when there is one of that name that this call did not make. */
  create<Decoded extends ClusterObject>(
    kind: ClusterKind<Decoded>,
    manifest: Manifest,
    options: Waiting,
  ): Promise<Decoded>
  /** Faults: OPENSHIFT_NOT_FOUND; OPENSHIFT_CONFLICT when the precondition or a `test` does not hold. */
  patch<Decoded extends ClusterObject>(
    kind: ClusterKind<Decoded>,
    ref: ObjectRef,
    patch: Patch,
    options: Waiting & { readonly precondition?: Precondition; readonly dryRun?: boolean },
  ): Promise<Decoded>
  /** Through the scale subresource: of Deployments, DeploymentConfigs, StatefulSets. Does not wait for pods. */
  scale(kind: ClusterKind, ref: ObjectRef, replicas: number, options: Waiting): Promise<void>
  /**
   * Deletes the object that is there now, with what it owns, and waits until it is gone; one of the same name made
   * meanwhile is left alone. True: there was one. Faults: OPENSHIFT_CONFLICT; OPENSHIFT_NOT_IN_TIME, with finalizers.
   */
  remove(
    kind: ClusterKind,
    ref: ObjectRef,
    options: Waiting & { readonly deadlineMs: number; readonly precondition?: Precondition },
  ): Promise<boolean>
  /**
   * Runs a program in a container that has a shell and coreutils, to its end. Success means: its exit code came, and
   * every byte in and out was counted and summed on both sides. Faults: OPENSHIFT_EXEC_*.
   * Abort, a lost connection, our own end: the program is killed.
   */
  exec(container: ContainerRef, request: ExecRequest): Promise<ExecReport>
  /** What the container has written so far, in pieces that are yours; all of it or it throws. */
  logs(container: ContainerRef, request: LogsRequest): AsyncGenerator<Uint8Array>
  /** Runs it as a Job to its end. The Job, its pod and its Secret are gone afterwards, whatever happens. */
  runJob(pod: ThrowawayPod, options: Waiting & { readonly acceptedExitCodes?: readonly number[] }): Promise<JobReport>
  /** Lends a running pod to `work`, and removes it afterwards. Its `argv` must wait, such as `sleep`. */
  withPod<Result>(
    pod: ThrowawayPod,
    work: (container: ContainerRef) => Promise<Result>,
    options: Waiting,
  ): Promise<Result>
  /** One answer per question, in their order. Changes nothing. */
  may(questions: readonly AccessQuestion[], options: Waiting): Promise<readonly AccessAnswer[]>
  /** Ends idle connections. */
  close(): void
}

import type { Secret } from '../../base/secret.ts'

/** A private server on loopback that this process started and ends. */
export interface RunningServer {
  readonly host: string
  readonly port: number
  readonly pid: number
  /** Ends this server and the processes it started, and waits for that. May be called again; data stays in `dir`. */
  stop(): Promise<void>
}

/** A private database, which one logs in to. */
export interface LocalServer extends RunningServer {
  readonly kind: 'postgres' | 'mariadb' | 'redis'
  /** Redis: `default`. */
  readonly user: string
  readonly password: Secret
}

export interface LocalServerOptions {
  /**
   * Absolute. Data, log (`server.log`) and password live below it. Made when missing, initialised when empty, reused
   * otherwise, with the same password. One server at a time; `SERVER_FOLDER_BUSY` when another still runs in it.
   */
  readonly dir: string
  /** The server's own settings by their own names; they win over the defaults. */
  readonly settings?: Readonly<Record<string, string>>
  /** The port to listen on, as when a server is to be found again where it was; absent: one that is free. */
  readonly port?: number
  /** The only folder to take the server's programs from. */
  readonly binaries?: string
  /** Folders to search for programs before the usual ones, as in PATH. */
  readonly path?: string
  /** Aborting ends what was started and throws the reason; `dir` stays usable. After the start it has no effect. */
  readonly signal: AbortSignal
}

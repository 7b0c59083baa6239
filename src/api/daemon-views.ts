import type { AppSpec } from '../core/spec.ts';

export interface SaveView {
  readonly file: string;
  /** False for an empty list without force: the file stays as it was. */
  readonly saved: boolean;
  readonly instances: number;
  readonly apps: number;
}

export interface ClearDumpView {
  readonly file: string;
}

export interface LeaveView {
  /** Of the daemon that leaves. */
  readonly pid: number;
  readonly version: string;
}

export interface FlushView {
  /** Live files that were emptied. */
  readonly files: readonly string[];
  /** What they and their rolled files took on disk. */
  readonly freedBytes: number;
}

/** Instances with the places that they are to have. */
export interface RestoreRequest {
  readonly instances: readonly {
    /** Given where it is free. */
    readonly id: number;
    readonly slot: number;
    /** True: it is started. */
    readonly wanted: boolean;
    /** Place in `specs`. */
    readonly spec: number;
  }[];
  readonly specs: readonly AppSpec[];
}

/** What an instance is made from, environment included. */
export interface SpecView {
  readonly id: number;
  readonly slot: number;
  readonly spec: AppSpec;
}

import { createHash } from 'node:crypto';
import type { DeathView, ExitView } from '../../api/contract.ts';
import { STATE_VERSION } from '../../base/version.ts';
import type { AppSpec } from '../../core/spec.ts';
import type { InstanceState } from '../../core/states.ts';
import type { ProcessIdentity } from '../../os/identity.ts';

const FORMAT = 'promvisor state';

/** A process as the next daemon has to know it. */
export interface SavedProcess {
  readonly generation: number;
  readonly identity: ProcessIdentity;
  readonly startedAtMs: number;
  readonly listening: boolean;
  readonly exited: boolean;
}

export interface SavedInstance {
  readonly id: number;
  readonly slot: number;
  readonly createdAtMs: number;
  /** Places in `specs`. */
  readonly spec: number;
  readonly nextSpec: number | null;
  /** Its times are those of the monotonic clock of the boot. */
  readonly state: InstanceState;
  readonly processes: readonly SavedProcess[];
  readonly lastStartedAtMs: number | null;
  readonly backoffUntilMs: number | null;
  readonly lastExit: ExitView | null;
  readonly lastDeath: DeathView | null;
}

export interface SavedHost {
  /** Of its app. */
  readonly key: string;
  /** The settings it was made with. */
  readonly made: string;
  readonly socket: string;
  readonly identity: ProcessIdentity;
}

/** Everything that outlives a daemon. */
export interface SavedState {
  /** Unix ms. */
  readonly savedAtMs: number;
  readonly bootId: string;
  /** Of the program that wrote it. */
  readonly daemonVersion: string;
  /** Of the daemon that wrote it: what it started carries it. */
  readonly nonce: string;
  /** True: that daemon has stopped what it had, as it was told to end; what was up is to be up again. */
  readonly stopping: boolean;
  readonly nextId: number;
  readonly specs: readonly AppSpec[];
  readonly instances: readonly SavedInstance[];
  readonly hosts: readonly SavedHost[];
}

/** Why a file is no state. */
export type Unreadable = { readonly problem: 'broken' | 'newer'; readonly text: string };

interface Header {
  readonly format: string;
  readonly version: number;
  readonly bytes: number;
  readonly sha256: string;
  /** For clients, which look at this line alone: see api/left-behind. */
  readonly instances: number;
  readonly stopping: boolean;
  readonly bootId: string;
}

/** A state as text, and what its header says of it. */
export interface Snapshot extends Pick<Header, 'instances' | 'stopping' | 'bootId'> {
  /** The JSON of a SavedState. */
  readonly body: string;
}

/**
 * Puts a state into a file's text: a line that says what follows, and the state as JSON.
 * @param snapshot the state
 */
export function stateText({ body, ...about }: Snapshot): string {
  const bytes = Buffer.byteLength(body);
  const header: Header = { format: FORMAT, version: STATE_VERSION, bytes, sha256: digest(body), ...about };
  return `${JSON.stringify(header)}\n${body}\n`;
}

/**
 * Reads a state out of a file's text. What is whole by its own account is trusted: only a daemon writes there.
 * @param text of the file
 * @returns the state, or why it is none
 */
export function readState(text: string): SavedState | Unreadable {
  const end = text.indexOf('\n');
  const header = headerOf(end < 0 ? text : text.slice(0, end));
  if (header === null) return broken('it has no header of a state file');
  if (header.version > STATE_VERSION) {
    return { problem: 'newer', text: `it has version ${header.version}, and this daemon knows ${STATE_VERSION}` };
  }
  const body = text.slice(end + 1).trimEnd();
  const bytes = Buffer.byteLength(body);
  if (bytes !== header.bytes) return broken(`it has ${bytes} bytes of ${header.bytes}`);
  if (digest(body) !== header.sha256) return broken('its checksum is wrong');
  // Written by a daemon, whole: the checksum says so.
  return JSON.parse(body) as SavedState;
}

function headerOf(line: string): Header | null {
  try {
    const header = JSON.parse(line) as Partial<Header> | null;
    if (header?.format !== FORMAT || typeof header.version !== 'number') return null;
    return header as Header;
  } catch {
    return null;
  }
}

function broken(text: string): Unreadable {
  return { problem: 'broken', text };
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

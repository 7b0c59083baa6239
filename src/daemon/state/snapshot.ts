import { bootId } from '../../base/boot-id.ts';
import { VERSION } from '../../base/version.ts';
import type { AppSpec } from '../../core/spec.ts';
import type { Fleet } from '../fleet.ts';
import type { Hosts } from '../hosts.ts';
import type { Instance } from '../instance.ts';
import type { SavedInstance, SavedProcess, SavedState, Snapshot } from './saved.ts';

export interface SnapshotSource {
  readonly fleet: Fleet;
  readonly hosts: Hosts;
  readonly nonce: string;
  readonly isStopping: () => boolean;
  readonly wallMs: () => number;
}

/**
 * Makes the writer of snapshots. What is big and seldom changes (specs with their environment, last lines of a death) is
 * turned into text once.
 * @param source what is saved
 * @returns gives the state of now
 */
export function createSnapshot({ fleet, hosts, nonce, isStopping, wallMs }: SnapshotSource): () => Snapshot {
  const texts = new WeakMap<object, string>();

  function textOf(value: object | null): string {
    if (value === null) return 'null';
    const known = texts.get(value);
    if (known !== undefined) return known;
    const text = JSON.stringify(value);
    texts.set(value, text);
    return text;
  }

  return () => {
    const specs = new Map<AppSpec, number>();
    const placeOf = (spec: AppSpec): number => {
      const place = specs.get(spec) ?? specs.size;
      specs.set(spec, place);
      return place;
    };
    const rows = fleet.all().map((instance) => {
      const { lastDeath, ...row } = rowOf(instance, placeOf);
      return `${JSON.stringify(row).slice(0, -1)},"lastDeath":${textOf(lastDeath)}}`;
    });
    const rest: Omit<SavedState, 'specs' | 'instances'> = {
      savedAtMs: wallMs(),
      bootId: bootId(),
      daemonVersion: VERSION,
      nonce,
      stopping: isStopping(),
      nextId: fleet.nextId(),
      hosts: hosts.saved(),
    };
    const specTexts = [...specs.keys()].map(textOf);
    const body = `${JSON.stringify(rest).slice(0, -1)},"specs":[${specTexts.join()}],"instances":[${rows.join()}]}`;
    return { body, instances: rows.length, stopping: rest.stopping, bootId: rest.bootId };
  };
}

function rowOf(instance: Instance, placeOf: (spec: AppSpec) => number): SavedInstance {
  const { id, slot, createdAtMs, spec, nextSpec, state, processes } = instance;
  const { lastStartedAtMs, backoffUntilMs, lastExit, lastDeath } = instance;
  return {
    id,
    slot,
    createdAtMs,
    spec: placeOf(spec),
    nextSpec: nextSpec === null ? null : placeOf(nextSpec),
    state,
    processes: [...processes.values()].map(savedProcess),
    lastStartedAtMs,
    backoffUntilMs,
    lastExit,
    lastDeath,
  };
}

function savedProcess({ generation, identity, startedAtMs, listening, exited }: SavedProcess): SavedProcess {
  return { generation, identity, startedAtMs, listening, exited };
}

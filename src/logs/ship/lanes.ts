import type { Checkpoint, ShipSource } from './checkpoint.ts';
import type { Lane, ShipFile } from './lane.ts';

export interface LanesOptions {
  readonly labels: Readonly<Record<string, string>>;
  readonly instanceLabel: boolean;
  readonly wants: (app: string) => boolean;
}

/** All streams, and which files are in which. */
export interface Lanes {
  all(): readonly Lane[];
  fileOf(live: string): { readonly file: ShipFile; readonly lane: Lane } | null;
  /** Takes up new files, and lets those that are no more go once they are shipped. */
  follow(sources: readonly ShipSource[]): void;
}

/**
 * Makes the streams.
 * @param options labels of all of them
 * @param checkpoints of files that were shipped before: they are gone on with, also when their app is not there
 */
export function createLanes(options: LanesOptions, checkpoints: readonly Checkpoint[]): Lanes {
  const lanes = new Map<string, Lane>();
  const files = new Map<string, { readonly file: ShipFile; lane: Lane }>();

  function laneOf(source: ShipSource): Lane {
    const labels = labelsOf(source, options);
    const key = JSON.stringify(labels);
    const known = lanes.get(key);
    if (known !== undefined) return known;
    const { app, namespace, stream } = source;
    const lane: Lane = {
      labels,
      name: { app, namespace },
      stream,
      files: [],
      turn: null,
      restUntilMs: 0,
      oldestMs: null,
    };
    lanes.set(key, lane);
    return lane;
  }

  function add(file: ShipFile): void {
    const lane = laneOf(file.source);
    lane.files = [...lane.files, file];
    files.set(file.source.live, { file, lane });
  }

  function leave(file: ShipFile, lane: Lane): void {
    lane.files = lane.files.filter((other) => other !== file);
    files.delete(file.source.live);
  }

  /** What is pushed now ends first: one file has one reader. */
  function change(file: ShipFile, lane: Lane, source: ShipSource): void {
    const same = JSON.stringify(labelsOf(source, options)) === JSON.stringify(lane.labels);
    if (!same && lane.turn !== null) return;
    file.source = source;
    file.present = true;
    if (same) return;
    leave(file, lane);
    add(file);
  }

  for (const { source, position } of checkpoints) {
    if (options.wants(source.app)) add(newFile(source, { position, present: false }));
  }

  return {
    all: () => [...lanes.values()],
    fileOf: (live) => files.get(live) ?? null,
    follow(sources) {
      const wanted = new Map<string, ShipSource>();
      // Of several that share a file the first one names it.
      for (const source of sources) if (!wanted.has(source.live)) wanted.set(source.live, source);
      for (const source of wanted.values()) {
        const known = files.get(source.live);
        if (known !== undefined) change(known.file, known.lane, source);
        else add(newFile(source, { position: { seq: 0, offset: 0 }, present: true }));
      }
      for (const { file, lane } of [...files.values()]) {
        if (wanted.has(file.source.live)) continue;
        file.present = false;
        // Looked at, and nothing left.
        if (lane.turn === null && file.quiet !== '') leave(file, lane);
      }
      for (const [key, lane] of lanes) if (lane.files.length === 0 && lane.turn === null) lanes.delete(key);
    },
  };
}

function newFile(source: ShipSource, rest: Pick<ShipFile, 'position' | 'present'>): ShipFile {
  return { source, ...rest, pendingBytes: 0, quiet: '' };
}

function labelsOf(source: ShipSource, { labels, instanceLabel }: LanesOptions): Readonly<Record<string, string>> {
  const { app, namespace, stream, instance } = source;
  const own = instanceLabel && instance !== null ? { instance_id: String(instance.slot) } : {};
  return { ...labels, ...source.labels, ...own, app, namespace, stream };
}

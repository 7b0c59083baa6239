import type { LogFileView, LogRecordView, LogStreamHead } from '../api/log-views.ts';
import type { StreamContext } from '../api/server.ts';
import type { LogFanout } from '../logs/fanout.ts';
import type { LogRecord } from '../logs/record.ts';
import type { Instance } from './instance.ts';

const STREAMS = ['out', 'error'] as const;
/** A client that lags this far behind is cut off: the files have it all. */
const MAX_PENDING_BYTES = 8 * 1_048_576;

export interface LogStreamOptions {
  /** Whose lines. */
  readonly instances: readonly Instance[];
  /** Where lines are handed out. */
  readonly fanout: LogFanout;
  /** False when only the head is wanted. */
  readonly follow: boolean;
}

/**
 * Sends the lines of instances as they come, until the client goes. The head says which files hold what came
 * before, and how many of their bytes: a reader that takes just those misses nothing and sees nothing twice. It is
 * sent when all those bytes are in the files.
 * @param options whose lines
 * @param stream the client
 */
export async function streamLogs(
  { instances, fanout, follow }: LogStreamOptions,
  { write, pendingBytes, gone }: StreamContext,
): Promise<void> {
  const head: LogStreamHead = { type: 'head', files: filesOf(instances) };
  const settled = Promise.all(instances.map(({ logs }) => logs.settled()));
  if (!follow) {
    await settled;
    return write(head);
  }
  const namespaces = new Map(instances.map(({ id, spec }) => [id, spec.namespace]));
  const send = (record: LogRecord) => {
    write({ ...record, namespace: namespaces.get(record.id) ?? '' } satisfies LogRecordView);
    return pendingBytes() < MAX_PENDING_BYTES;
  };
  let early: LogRecord[] | null = [];
  let earlyLength = 0;
  const onRecord = (record: LogRecord) => {
    if (early === null) return send(record);
    early.push(record);
    earlyLength += record.text.length;
    return earlyLength < MAX_PENDING_BYTES;
  };
  await new Promise<void>((resolve) => {
    const onCutOff = () => void settled.then(() => resolve());
    const unsubscribe = fanout.subscribe((id) => namespaces.has(id), onRecord, onCutOff);
    gone.addEventListener('abort', () => {
      unsubscribe();
      resolve();
    });
    void settled.then(() => {
      write(head);
      for (const record of early ?? []) send(record);
      early = null;
    });
  });
}

function filesOf(instances: readonly Instance[]): LogFileView[] {
  const files = new Map<string, LogFileView>();
  for (const { id, slot, spec, logs } of instances) {
    const positions = logs.positions();
    for (const stream of STREAMS) {
      const path = logs.files()[stream];
      const position = positions[stream];
      if (path === null || position === null) continue;
      const known = files.get(path);
      // Both streams may go to one file: its lines cannot be told apart.
      if (known?.ids.includes(id) === true) continue;
      files.set(path, {
        path,
        stream: known?.stream ?? stream,
        seq: position.seq,
        bytes: position.offset,
        ids: [...(known?.ids ?? []), id],
        slots: [...(known?.slots ?? []), slot],
        app: known?.app ?? spec.name,
        namespace: known?.namespace ?? spec.namespace,
      });
    }
  }
  return [...files.values()];
}

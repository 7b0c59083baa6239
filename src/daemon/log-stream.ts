import type { LogFileView, LogRecordView, LogStreamHead } from '../api/contract.ts';
import type { StreamContext } from '../api/server.ts';
import type { LogFanout } from '../logs/fanout.ts';
import type { Instance } from './instance.ts';

const STREAMS = ['out', 'error'] as const;
/** A client that lags this far behind is cut off: the files have it all. */
const MAX_PENDING_BYTES = 8 * 1_048_576;

/**
 * Sends the lines of instances as they come, until the client goes. The head says which files hold what came
 * before, and how many of their bytes: a reader that takes just those misses nothing and sees nothing twice.
 * @param instances whose lines
 * @param fanout where lines are handed out
 * @param stream the client
 */
export async function streamLogs(
  instances: readonly Instance[],
  fanout: LogFanout,
  { write, pendingBytes, gone }: StreamContext,
): Promise<void> {
  const ids = new Set(instances.map(({ id }) => id));
  await new Promise<void>((resolve) => {
    const onRecord = (record: LogRecordView) => {
      write(record);
      return pendingBytes() < MAX_PENDING_BYTES;
    };
    const unsubscribe = fanout.subscribe((id) => ids.has(id), onRecord, resolve);
    write({ type: 'head', files: filesOf(instances) } satisfies LogStreamHead);
    gone.addEventListener('abort', () => {
      unsubscribe();
      resolve();
    });
  });
}

function filesOf(instances: readonly Instance[]): LogFileView[] {
  const files = new Map<string, LogFileView>();
  for (const { id, spec, logs } of instances) {
    for (const stream of STREAMS) {
      const file = logs.files()[stream];
      if (file === null) continue;
      const ids = [...(files.get(file)?.ids ?? []), id];
      files.set(file, { path: file, stream, bytes: logs.positions()[stream], ids, app: spec.name });
    }
  }
  return [...files.values()];
}

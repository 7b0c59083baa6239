import type { ExitView } from '../../api/contract.ts';
import { plain } from './text.ts';
import { span } from './units.ts';

/**
 * What happened to a process, in words that follow its name.
 * @param exit a death
 * @returns for example `ended with code 1 after 40 ms`
 */
export function exitPhrase(exit: ExitView): string {
  return `${whatHappened(exit)} after ${span(exit.uptimeMs)}`;
}

/**
 * A death as its exact facts.
 * @param exit a death
 * @returns for example `error_code (code 1)`, `signal (SIGABRT)`
 */
export function exitFacts(exit: ExitView): string {
  const how = exit.signal ?? (exit.code === null ? 'code unknown' : `code ${exit.code}`);
  return `${exit.reason} (${how})`;
}

function whatHappened(exit: ExitView): string {
  const { reason, code, signal, message } = exit;
  switch (reason) {
    case 'requested':
      return 'stopped as it was told to';
    case 'clean':
      return 'ended by itself with code 0';
    case 'error_code':
      return `ended with code ${code}`;
    case 'uncaught':
      return `died of an uncaught error (code ${code ?? 'unknown'})`;
    case 'heap_oom':
      return 'ran out of V8 heap memory';
    case 'kernel_oom':
      return 'was killed by the kernel as memory ran out';
    case 'signal':
      return `was killed by ${signal}`;
    case 'ready_timeout':
      return 'was not ready in time';
    case 'kill_timeout':
      return 'did not stop in time and was killed';
    case 'memory_limit':
      return 'passed its memory limit';
    case 'cron':
      return 'was restarted by its cron pattern';
    case 'watch':
      return 'was restarted as a watched file changed';
    case 'spawn_failed':
      return `could not be started${message === null ? '' : `: ${plain(message)}`}`;
    case 'host_lost':
      return 'was lost with its cluster host';
    case 'unknown':
      return 'ended, and nobody saw how';
    default:
      return reason satisfies never;
  }
}

const ENDS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export interface TerminalEvents {
  /** Keys were pressed. */
  onText(text: string): void;
  onResize(): void;
  /** A signal came, or the terminal has gone. */
  onEnd(): void;
  /** This process ends in another way: before its last words are written. */
  onDying(): void;
}

/**
 * Reads the keys of the terminal one by one, and hears of its changes.
 * @param events told of what happens
 * @returns gives the terminal back
 */
export function takeTerminal({ onText, onResize, onEnd, onDying }: TerminalEvents): () => void {
  const { stdin, stdout } = process;
  const onData = (chunk: Buffer) => onText(chunk.toString('utf8'));
  stdin.setRawMode(true);
  stdin.on('data', onData).on('end', onEnd).on('error', onEnd);
  stdout.on('resize', onResize);
  for (const signal of ENDS) process.on(signal, onEnd);
  process.on('uncaughtExceptionMonitor', onDying).on('exit', onDying);
  return () => {
    stdin.off('data', onData).off('end', onEnd).off('error', onEnd);
    stdin.setRawMode(false);
    stdin.pause();
    stdout.off('resize', onResize);
    for (const signal of ENDS) process.off(signal, onEnd);
    process.off('uncaughtExceptionMonitor', onDying).off('exit', onDying);
  };
}

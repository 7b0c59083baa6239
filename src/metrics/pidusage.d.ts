declare module 'pidusage' {
  /** One process as pidusage 4 sees it: https://github.com/soyuka/pidusage */
  interface Usage {
    readonly pid: number;
    /** Percent of one core. */
    readonly cpu: number;
    /** Bytes. */
    readonly memory: number;
    /** Milliseconds of cpu used so far. */
    readonly ctime: number;
  }
  const pidusage: {
    (pids: readonly number[]): Promise<Readonly<Record<string, Usage>>>;
    clear(): void;
  };
  export default pidusage;
}

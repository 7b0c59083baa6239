/** pino-roll 4 ships no types: https://github.com/mcollina/pino-roll#options */
declare module 'pino-roll' {
  import type { SonicBoom, SonicBoomOpts } from 'sonic-boom';

  interface RollOptions extends SonicBoomOpts {
    readonly file: string;
    readonly size?: string | number;
    readonly frequency?: 'daily' | 'hourly' | number;
    readonly extension?: string;
    readonly symlink?: boolean;
    readonly limit?: { readonly count?: number; readonly removeOtherLogFiles?: boolean };
    readonly dateFormat?: string;
  }

  export default function roll(options: RollOptions): Promise<SonicBoom>;
}

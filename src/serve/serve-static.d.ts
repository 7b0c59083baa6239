/** serve-static 2 ships no types: https://github.com/expressjs/serve-static#api */
declare module 'serve-static' {
  import type { IncomingMessage, ServerResponse } from 'node:http';

  interface ServeStaticOptions {
    readonly index?: string | readonly string[] | false;
    readonly redirect?: boolean;
  }

  type Handler = (request: IncomingMessage, response: ServerResponse, next: (error?: unknown) => void) => void;

  export default function serveStatic(root: string, options?: ServeStaticOptions): Handler;
}

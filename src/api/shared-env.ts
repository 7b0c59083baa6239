import type { AppSpec } from '../core/spec.ts';
import type { StartRequest } from './contract.ts';

type Variables = Readonly<Record<string, string>>;

/**
 * Takes what all apps of a request have in common in their environments out of each: a hundred apps of one shell would
 * send its variables a hundred times, and the daemon would check them as often.
 * @param request with whole environments
 * @returns the same request, shorter; `ownEnv` undoes it
 */
export function shareEnv(request: StartRequest): StartRequest {
  const [first, ...others] = request.apps;
  if (first === undefined || others.length === 0) return request;
  const common = Object.entries(first.process.env).filter(([name, value]) =>
    others.every(({ process }) => Object.hasOwn(process.env, name) && process.env[name] === value),
  );
  const names = new Set(common.map(([name]) => name));
  const rest = (env: Variables) => Object.fromEntries(Object.entries(env).filter(([name]) => !names.has(name)));
  return {
    ...request,
    env: Object.fromEntries(common),
    apps: request.apps.map((app) => withEnv(app, rest(app.process.env))),
  };
}

/**
 * Gives each app its whole environment again.
 * @param request as `shareEnv` made it, or any other
 * @returns the request with whole environments
 */
export function ownEnv({ env, ...request }: StartRequest): StartRequest {
  if (env === undefined) return request;
  return { ...request, apps: request.apps.map((app) => withEnv(app, { ...env, ...app.process.env })) };
}

function withEnv(app: AppSpec, env: Variables): AppSpec {
  return { ...app, process: { ...app.process, env } };
}

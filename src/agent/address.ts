import { AGENT_VARIABLE, type AgentAddress } from '../base/agent-protocol.ts';
import { TELEMETRY_GROUPS } from '../base/agent-telemetry.ts';
import { MARK_VARIABLE } from '../base/process-mark.ts';

/**
 * Takes the address of the daemon out of the environment, so that nothing the app starts inherits it.
 * @param env process.env
 * @returns the address, or null where there is none that makes sense
 */
export function takeAddress(env: NodeJS.ProcessEnv): AgentAddress | null {
  const text = env[AGENT_VARIABLE];
  if (text === undefined) return null;
  delete env[AGENT_VARIABLE];
  delete env[MARK_VARIABLE];
  const given = (JSON.parse(text) ?? {}) as Partial<Record<keyof AgentAddress, unknown>>;
  const { socket, id, generation, telemetry, snapshot, channel } = given;
  if (!isAbsolute(socket) || typeof id !== 'number' || typeof generation !== 'number') return null;
  // An older daemon asks for no telemetry.
  const groups = Array.isArray(telemetry) && isAbsolute(snapshot) ? telemetry : [];
  return {
    socket,
    id,
    generation,
    telemetry: TELEMETRY_GROUPS.filter((group) => groups.includes(group)),
    snapshot: isAbsolute(snapshot) ? snapshot : '',
    channel: channel === true,
  };
}

function isAbsolute(path: unknown): path is string {
  return typeof path === 'string' && path.startsWith('/');
}

import { AGENT_VARIABLE, type AgentAddress } from '../base/agent-protocol.ts';

/**
 * Takes the address of the daemon out of the environment, so that nothing the app starts inherits it.
 * @param env process.env
 * @returns the address, or null where there is none that makes sense
 */
export function takeAddress(env: NodeJS.ProcessEnv): AgentAddress | null {
  const text = env[AGENT_VARIABLE];
  if (text === undefined) return null;
  delete env[AGENT_VARIABLE];
  const { socket, id, generation } = (JSON.parse(text) ?? {}) as Partial<Record<keyof AgentAddress, unknown>>;
  if (typeof socket !== 'string' || !socket.startsWith('/')) return null;
  if (typeof id !== 'number' || typeof generation !== 'number') return null;
  return { socket, id, generation };
}

/**
 * Variable by which the processes of a home are known, whoever their parent is now: a daemon that comes after another
 * finds by it also what that one had no time to write down.
 */
export const MARK_VARIABLE = 'PROMVISOR_PROCESS';

import { OPEN_FILES, type Service, STOP_SECONDS } from './service.ts';

/**
 * Writes the agent of a daemon for launchd: it runs from login on, comes back after a crash, and its apps are left alone.
 * @param service what it runs
 * @returns the text of a .plist file
 * @see launchd.plist(5)
 */
export function launchdAgent(service: Service): string {
  const words = [service.node, ...service.nodeFlags, service.daemonFile];
  const program = words.map((word) => `    <string>${escaped(word)}</string>`).join('\n');
  return `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<!-- Written by: promvisor startup. Taken away by: promvisor unstartup -->
<plist version="1.0">
<dict>
  <key>Label</key>
  <string>${escaped(service.name)}</string>
  <key>ProgramArguments</key>
  <array>
${program}
  </array>
  <key>EnvironmentVariables</key>
  <dict>
    <key>PATH</key>
    <string>${escaped(service.path)}</string>
    <key>PROMVISOR_HOME</key>
    <string>${escaped(service.home)}</string>
  </dict>
  <key>WorkingDirectory</key>
  <string>/</string>
  <key>RunAtLoad</key>
  <true/>
  <key>KeepAlive</key>
  <dict>
    <key>SuccessfulExit</key>
    <false/>
  </dict>
  <key>AbandonProcessGroup</key>
  <true/>
  <key>ExitTimeOut</key>
  <integer>${STOP_SECONDS}</integer>
  <key>SoftResourceLimits</key>
  <dict>
    <key>NumberOfFiles</key>
    <integer>${OPEN_FILES}</integer>
  </dict>
  <key>StandardErrorPath</key>
  <string>${escaped(`${service.home}/daemon/stderr.log`)}</string>
</dict>
</plist>
`;
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

function escaped(text: string): string {
  return text.replaceAll(/[&<>]/g, (character) => ENTITIES[character] ?? character);
}

// Loads the server of the first argument (options of startLoad, as JSON) until it is told to stop, in a process of its
// own, so that what the bench does meanwhile delays no request.
import { startLoad } from '../lib/load.mjs';

const TELL_EVERY_MS = 50;

const load = startLoad(JSON.parse(process.argv[2]));
const timer = setInterval(() => process.send({ requests: load.requests }), TELL_EVERY_MS);

process.on('disconnect', () => process.exit());
process.on('message', async () => {
  const result = await load.stop();
  clearInterval(timer);
  process.send({ result }, () => process.disconnect());
});

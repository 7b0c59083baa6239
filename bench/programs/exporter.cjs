// Starts the exporter of the second argument on the port of the first: it reads its port from argv[1].
const [, , port, file] = process.argv;
process.argv[1] = port;
require(file);

/** The PM2 whose command line, list and sockets are spoken here: its programs and scripts compare it. */
export const PM2_VERSION = '7.0.4';

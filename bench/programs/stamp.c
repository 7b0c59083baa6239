/* Says as its first act when it runs: "m <CLOCK_MONOTONIC ns> <pid> <tag>" to the pipe of the first argument, then waits. */
#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv) {
  struct timespec now;
  char line[128];
  clock_gettime(CLOCK_MONOTONIC, &now);
  if (argc < 3) return 2;
  int length = snprintf(line, sizeof line, "m %lld %d %s\n", now.tv_sec * 1000000000LL + now.tv_nsec, (int)getpid(), argv[2]);
  int pipe = open(argv[1], O_WRONLY);
  if (pipe < 0 || write(pipe, line, (size_t)length) != length) return 1;
  close(pipe);
  alarm(3600);
  pause();
  return 0;
}

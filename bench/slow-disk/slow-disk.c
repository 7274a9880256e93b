/* Replaces fsync and fdatasync with a wait of SLOW_DISK_MS, so that each sync takes at least this long. Preloaded with LD_PRELOAD. */
#include <stdlib.h>
#include <time.h>

static int wait_for_disk(void) {
  const char *text = getenv("SLOW_DISK_MS");
  long ms = text == NULL ? 0 : atol(text);
  struct timespec delay = {ms / 1000, (ms % 1000) * 1000000};
  if (ms > 0) nanosleep(&delay, NULL);
  return 0;
}

int fsync(int descriptor) {
  (void)descriptor;
  return wait_for_disk();
}

int fdatasync(int descriptor) {
  (void)descriptor;
  return wait_for_disk();
}

// LD_PRELOAD shim: while the file named by FSYNC_EIO_SWITCH exists, every fsync and fdatasync of a file whose path
// contains FSYNC_EIO_PATH fails with EIO. Nothing is synced then: the bytes are in the page cache only. While the file
// named by FSYNC_HANG_SWITCH exists, such an fsync does not return at all, as on a file system that is out of reach.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int is_hit(int fd, const char *control) {
  const char *wanted = getenv("FSYNC_EIO_PATH");
  if (control == NULL || wanted == NULL || access(control, F_OK) != 0) return 0;
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return 0;
  path[length] = '\0';
  return strstr(path, wanted) != NULL;
}

static int sync_or_fail(const char *name, int fd) {
  if (is_hit(fd, getenv("FSYNC_HANG_SWITCH")))
    for (;;) pause();
  if (is_hit(fd, getenv("FSYNC_EIO_SWITCH"))) {
    errno = EIO;
    return -1;
  }
  int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
  return real(fd);
}

int fsync(int fd) { return sync_or_fail("fsync", fd); }
int fdatasync(int fd) { return sync_or_fail("fdatasync", fd); }

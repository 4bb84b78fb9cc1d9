/* A disk that fails on purpose: preloaded, it lets one call on the files of one store fail, and all calls of that kind after it.

   FAIL_CALL   write, sync or short (a write that takes half of the bytes, and then finds the disk full)
   FAIL_AT     which call of that kind, from 1
   FAIL_FOR    how many fail; 0: all from there on
   FAIL_ERRNO  the error's number
   FAIL_FILE   part of the name of the files meant
   FAIL_WHEN   where it is given, a file: calls are counted while it exists */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static int meant(int fd) {
    char link[64], name[4096];
    const char *part = getenv("FAIL_FILE");
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, name, sizeof name - 1);
    if (length < 0 || part == NULL) return 0;
    name[length] = 0;
    return strstr(name, part) != NULL;
}

static int fails(int fd, const char *kind) {
    static long calls = 0;
    const char *call = getenv("FAIL_CALL");
    const char *when = getenv("FAIL_WHEN");
    if (call == NULL || strcmp(call, kind) != 0 || !meant(fd) || (when != NULL && access(when, F_OK) != 0)) return 0;
    long at = atol(getenv("FAIL_AT")), count = atol(getenv("FAIL_FOR"));
    calls++;
    return calls >= at && (count == 0 || calls < at + count);
}

static int error_number(void) { return atoi(getenv("FAIL_ERRNO")); }

typedef ssize_t (*pwrite_call)(int, const void *, size_t, off_t);
typedef int (*sync_call)(int);

static ssize_t write_at(const char *name, int fd, const void *data, size_t size, off_t offset) {
    pwrite_call real = (pwrite_call)dlsym(RTLD_NEXT, name);
    if (fails(fd, "write")) { errno = error_number(); return -1; }
    if (fails(fd, "short")) {
        if (size > 1) return real(fd, data, size / 2, offset);
        errno = error_number();
        return -1;
    }
    return real(fd, data, size, offset);
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t offset) { return write_at("pwrite", fd, data, size, offset); }
ssize_t pwrite64(int fd, const void *data, size_t size, off_t offset) { return write_at("pwrite64", fd, data, size, offset); }

static int sync_of(const char *name, int fd) {
    sync_call real = (sync_call)dlsym(RTLD_NEXT, name);
    if (fails(fd, "sync")) { errno = error_number(); return -1; }
    return real(fd);
}

int fsync(int fd) { return sync_of("fsync", fd); }
int fdatasync(int fd) { return sync_of("fdatasync", fd); }

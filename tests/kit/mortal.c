/* A process that can be killed on time: preloaded, it ends the process by SIGKILL at one of the calls by which it changes anything outside itself.

   A write dies half done, every other call before it is done. Standard output and error do not count, nor do calls before `die_at`. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

static atomic_long calls, last;
static atomic_int armed;

/* From now on calls count; the process dies at number `at`, at none where it is 0. */
void die_at(long at) { calls = 0; last = at; armed = 1; }

long calls_made(void) { return calls; }

static int now(void) { return armed && atomic_fetch_add(&calls, 1) + 1 == last; }

static void die(void) {
    kill(getpid(), SIGKILL);
    for (;;) pause();
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t write(int fd, const void *data, size_t size) {
    if (fd > 2 && now()) { REAL(write)(fd, data, size / 2); die(); }
    return REAL(write)(fd, data, size);
}
ssize_t pwrite(int fd, const void *data, size_t size, off_t offset) {
    if (now()) { REAL(pwrite)(fd, data, size / 2, offset); die(); }
    return REAL(pwrite)(fd, data, size, offset);
}
ssize_t pwrite64(int fd, const void *data, size_t size, off_t offset) {
    if (now()) { REAL(pwrite64)(fd, data, size / 2, offset); die(); }
    return REAL(pwrite64)(fd, data, size, offset);
}
ssize_t send(int fd, const void *data, size_t size, int flags) {
    if (now()) { REAL(send)(fd, data, size / 2, flags); die(); }
    return REAL(send)(fd, data, size, flags);
}
#define DIES(type, name, parameters, arguments) \
    type name parameters { if (now()) die(); return REAL(name) arguments; }
DIES(int, fsync, (int fd), (fd))
DIES(int, fdatasync, (int fd), (fd))
DIES(int, ftruncate, (int fd, off_t size), (fd, size))
DIES(int, ftruncate64, (int fd, off_t size), (fd, size))
DIES(int, posix_fallocate, (int fd, off_t from, off_t size), (fd, from, size))
DIES(int, posix_fallocate64, (int fd, off_t from, off_t size), (fd, from, size))
DIES(int, mkdir, (const char *path, mode_t mode), (path, mode))
DIES(int, rename, (const char *from, const char *to), (from, to))
DIES(int, renameat, (int a, const char *from, int b, const char *to), (a, from, b, to))
DIES(int, link, (const char *from, const char *to), (from, to))
DIES(int, linkat, (int a, const char *from, int b, const char *to, int flags), (a, from, b, to, flags))
DIES(int, unlink, (const char *path), (path))
DIES(int, unlinkat, (int a, const char *path, int flags), (a, path, flags))

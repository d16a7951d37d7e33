/*
 * Stands between the program and the C library, loaded before it, and does to one
 * process what would otherwise be done to a whole machine: another time of day, a disk
 * that refuses, and a disk that forgets what was not synced.
 *
 * What it is to do stands in a page that is shared with the harness (FAULTS_CONTROL).
 * Of every write into the data folder (FAULTS_DATA) that was not synced yet it keeps
 * what was there before (in FAULTS_UNDO, a file of the same name), so that the harness
 * can take the write back as a power cut does.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

struct control {
    int64_t clock_ns;    /* how far the time of day is off */
    int32_t write_error; /* what a write is refused with, or 0 */
    int32_t sync_error;  /* what a sync is refused with, or 0 */
    int32_t lies;        /* whether a sync says that it is done and does nothing */
    /* For the harness, which would take a fault for done otherwise: */
    int32_t refused_writes; /* how many writes were refused, but for want of room */
    int32_t no_room;        /* how many found none, on this disk or on one that is made up */
    int32_t refused_syncs;  /* how many syncs were refused */
    int32_t shifted;        /* how often another time of day was told */
    int32_t here;           /* the last process whose files of the store came through here */
    /* And of what the store's log is to suffer: */
    int32_t syncs_to_refuse; /* so many of its next syncs are refused */
    int32_t dies;            /* whether nothing can be written once one is */
};

/* One write, as it stands in the undo file, followed by `kept` bytes. */
struct undo {
    int64_t offset;   /* where it wrote */
    int64_t length;   /* how much; -1 is a change of the file's size */
    int64_t old_size; /* the file's size before */
    int64_t kept;     /* how many bytes of what was there follow */
};

static volatile struct control *control;
static char data[PATH_MAX], undo_folder[PATH_MAX];
static size_t data_length;
static int32_t process;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

__attribute__((constructor)) static void begin(void) {
    /* The program ends with the harness, however that ends. */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    const char *at = getenv("FAULTS_CONTROL"), *folder = getenv("FAULTS_DATA");
    const char *undo = getenv("FAULTS_UNDO");
    if (!at || !folder || !undo)
        return;
    snprintf(undo_folder, sizeof undo_folder, "%s", undo);
    if (realpath(folder, data))
        data_length = strlen(data);
    int fd = syscall(SYS_openat, AT_FDCWD, at, O_RDWR | O_CLOEXEC, 0);
    void *page = mmap(NULL, sizeof(struct control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    syscall(SYS_close, fd);
    if (page != MAP_FAILED)
        control = page;
    process = getpid();
    unsetenv("LD_PRELOAD");
}

static void add_one(volatile int32_t *count) { __atomic_fetch_add(count, 1, __ATOMIC_RELAXED); }

/* ---- the time of day ---- */

static int64_t off(void) { return control ? control->clock_ns : 0; }

int clock_gettime(clockid_t which, struct timespec *now) {
    int result = syscall(SYS_clock_gettime, which, now);
    if (result == 0 && (which == CLOCK_REALTIME || which == CLOCK_REALTIME_COARSE)) {
        int64_t nanos = now->tv_sec * INT64_C(1000000000) + now->tv_nsec + off();
        now->tv_sec = nanos / 1000000000;
        now->tv_nsec = nanos % 1000000000;
        if (off())
            add_one(&control->shifted);
    }
    return result;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    (void)zone;
    struct timespec exact;
    int result = clock_gettime(CLOCK_REALTIME, &exact);
    now->tv_sec = exact.tv_sec;
    now->tv_usec = exact.tv_nsec / 1000;
    return result;
}

time_t time(time_t *out) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (out)
        *out = now.tv_sec;
    return now.tv_sec;
}

/* ---- the disk ---- */

static int ends_with(const char *text, const char *end) {
    size_t length = strlen(text), tail = strlen(end);
    return length >= tail && strcmp(text + length - tail, end) == 0;
}

/* The name of a file that lies in the data folder; NULL for every other. */
static const char *name_in_data(const char *path) {
    if (!control || !data_length || strncmp(path, data, data_length) || path[data_length] != '/')
        return NULL;
    const char *name = path + data_length + 1;
    if (!*name || strchr(name, '/'))
        return NULL;
    control->here = process;
    return name;
}

static const char *name_of(int fd, char path[PATH_MAX]) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = control ? readlink(link, path, PATH_MAX - 1) : -1;
    if (length <= 0)
        return NULL;
    path[length] = 0;
    return name_in_data(path);
}

static int refused(volatile int32_t *count, int why) {
    add_one(count);
    errno = why;
    return -1;
}

static int undo_file(const char *name, int flags) {
    char path[2 * PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", undo_folder, name);
    return syscall(SYS_openat, AT_FDCWD, path, flags | O_CREAT | O_CLOEXEC, 0600);
}

/* Forgets what a file was like before: it is on the disk now, or gone. */
static void settle(const char *name) {
    int undo = undo_file(name, O_WRONLY | O_TRUNC);
    syscall(SYS_close, undo);
}

/* Keeps what a write of `length` bytes at `offset` is about to put out of sight. */
static void keep(int fd, const char *name, int64_t offset, int64_t length, int64_t end) {
    struct stat before;
    /* What the processes share in memory does not outlive a power cut anyway. */
    if (ends_with(name, "-shm") || fstat(fd, &before))
        return;
    int64_t kept = end < before.st_size ? end - offset : before.st_size - offset;
    struct undo record = {offset, length, before.st_size, kept > 0 ? kept : 0};
    char *bytes = malloc(sizeof record + record.kept);
    if (!bytes)
        abort();
    /* The program may have opened the file for writing alone. */
    char self[64];
    snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
    int reader = syscall(SYS_openat, AT_FDCWD, self, O_RDONLY | O_CLOEXEC, 0);
    int64_t got = record.kept ? syscall(SYS_pread64, reader, bytes + sizeof record, record.kept, offset) : 0;
    syscall(SYS_close, reader);
    if (got != record.kept)
        abort();
    memcpy(bytes, &record, sizeof record);
    int undo = undo_file(name, O_WRONLY | O_APPEND);
    syscall(SYS_write, undo, bytes, sizeof record + record.kept);
    syscall(SYS_close, undo);
    free(bytes);
}

static ssize_t put(int fd, const char *name, const void *from, size_t length, int64_t offset) {
    struct stat before;
    int why = control->write_error;
    /* On a full disk there is room for what stands there already. */
    int room = why == ENOSPC && !fstat(fd, &before) && offset + (int64_t)length <= before.st_size;
    if (why && !room)
        return refused(why == ENOSPC ? &control->no_room : &control->refused_writes, why);
    pthread_mutex_lock(&lock);
    keep(fd, name, offset, length, offset + (int64_t)length);
    ssize_t written = syscall(SYS_pwrite64, fd, from, length, offset);
    int error = errno;
    if (written < 0 && error == ENOSPC)
        add_one(&control->no_room);
    pthread_mutex_unlock(&lock);
    errno = error;
    return written;
}

ssize_t pwrite64(int fd, const void *from, size_t length, off64_t offset) {
    char path[PATH_MAX];
    const char *name = name_of(fd, path);
    return name ? put(fd, name, from, length, offset)
                : syscall(SYS_pwrite64, fd, from, length, offset);
}

ssize_t pwrite(int fd, const void *from, size_t length, off_t offset) {
    return pwrite64(fd, from, length, offset);
}

ssize_t write(int fd, const void *from, size_t length) {
    char path[PATH_MAX];
    const char *name = name_of(fd, path);
    int64_t offset = name ? syscall(SYS_lseek, fd, 0, SEEK_CUR) : 0;
    if (!name || offset < 0)
        return syscall(SYS_write, fd, from, length);
    if (fcntl(fd, F_GETFL) & O_APPEND)
        offset = syscall(SYS_lseek, fd, 0, SEEK_END);
    ssize_t written = put(fd, name, from, length, offset);
    if (written > 0)
        syscall(SYS_lseek, fd, offset + written, SEEK_SET);
    return written;
}

int ftruncate64(int fd, off64_t size) {
    char path[PATH_MAX];
    const char *name = name_of(fd, path);
    if (!name)
        return syscall(SYS_ftruncate, fd, size);
    if (control->write_error && control->write_error != ENOSPC)
        return refused(&control->refused_writes, control->write_error);
    pthread_mutex_lock(&lock);
    keep(fd, name, size, -1, INT64_MAX);
    int result = syscall(SYS_ftruncate, fd, size);
    int error = errno;
    pthread_mutex_unlock(&lock);
    errno = error;
    return result;
}

int ftruncate(int fd, off_t size) { return ftruncate64(fd, size); }

int fsync(int fd) {
    char path[PATH_MAX];
    const char *name = name_of(fd, path);
    if (!name)
        return syscall(SYS_fsync, fd);
    if (control->lies)
        return 0;
    if (control->sync_error)
        return refused(&control->refused_syncs, control->sync_error);
    if (ends_with(name, "orders.db-wal") && control->syncs_to_refuse > 0) {
        __atomic_fetch_sub(&control->syncs_to_refuse, 1, __ATOMIC_RELAXED);
        if (control->dies)
            control->write_error = EIO;
        return refused(&control->refused_syncs, EIO);
    }
    pthread_mutex_lock(&lock);
    settle(name);
    pthread_mutex_unlock(&lock);
    return 0;
}

int fdatasync(int fd) { return fsync(fd); }

int unlink(const char *path) {
    const char *name = name_in_data(path);
    if (name && control->write_error && control->write_error != ENOSPC)
        return refused(&control->refused_writes, control->write_error);
    int result = syscall(SYS_unlink, path);
    if (name && result == 0) {
        pthread_mutex_lock(&lock);
        settle(name);
        pthread_mutex_unlock(&lock);
    }
    return result;
}

static int open_at(int folder, const char *path, int flags, va_list rest) {
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;
    if ((flags & O_ACCMODE) != O_RDONLY && name_in_data(path) && control->write_error == EROFS)
        return refused(&control->refused_writes, EROFS);
    return syscall(SYS_openat, folder, path, flags, mode);
}

#define OPENS(name)                                                                                \
    int name(const char *path, int flags, ...) {                                                   \
        va_list rest;                                                                              \
        va_start(rest, flags);                                                                     \
        int fd = open_at(AT_FDCWD, path, flags, rest);                                             \
        va_end(rest);                                                                              \
        return fd;                                                                                 \
    }

OPENS(open)
OPENS(open64)

int openat64(int folder, const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    int fd = open_at(folder, path, flags, rest);
    va_end(rest);
    return fd;
}

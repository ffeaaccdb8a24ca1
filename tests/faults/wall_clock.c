/* What time is it for one process? Preloaded, this moves its wall clock alone, while it runs.

   cc -shared -fPIC -O2 -o wall_clock.so wall_clock.c -ldl
   WALL_CLOCK=offset.txt LD_PRELOAD=./wall_clock.so program

   The file named by WALL_CLOCK holds whole seconds to be added, read at each look, so that a clock can be set from
   outside; no file, no shift. Monotonic time, sleeps and other processes are left alone; children inherit it. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>

static int (*true_gettime)(clockid_t, struct timespec *);

static long long shift_s(void) {
    const char *path = getenv("WALL_CLOCK");
    FILE *file = path ? fopen(path, "re") : NULL;
    long long seconds = 0;
    if (file) {
        if (fscanf(file, "%lld", &seconds) != 1) seconds = 0; /* being written at this moment */
        fclose(file);
    }
    return seconds;
}

int clock_gettime(clockid_t clock, struct timespec *shown) {
    if (!true_gettime) *(void **)&true_gettime = dlsym(RTLD_NEXT, "clock_gettime");
    int result = true_gettime(clock, shown);
    if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) shown->tv_sec += shift_s();
    return result;
}

time_t time(time_t *into) {
    struct timespec shown;
    clock_gettime(CLOCK_REALTIME, &shown);
    if (into) *into = shown.tv_sec;
    return shown.tv_sec;
}

int gettimeofday(struct timeval *restrict shown, void *restrict zone) {
    (void)zone;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    shown->tv_sec = now.tv_sec;
    shown->tv_usec = now.tv_nsec / 1000;
    return 0;
}

#include "tests/base/scratch.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

scratch scratch_create(void)
{
    scratch self;
    const char *const parent = getenv("TMPDIR");

    snprintf(self.path, sizeof(self.path), "%s/velum-base.XXXXXX", parent ? parent : "/tmp");
    assert_non_null(mkdtemp(self.path));
    self.fd = open(self.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(self.fd >= 0);
    return self;
}

/* Calls unlinkat on every entry when `remove` is true; the number of entries. */
static int walk(const scratch *self, bool remove)
{
    DIR *const folder = opendir(self->path);
    int count = 0;

    assert_non_null(folder);
    for (const struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) {
            continue;
        }
        count++;
        if (remove && unlinkat(self->fd, entry->d_name, 0) != 0) {
            assert_int_equal(unlinkat(self->fd, entry->d_name, AT_REMOVEDIR), 0);
        }
    }
    closedir(folder);
    return count;
}

void scratch_remove(scratch *self)
{
    walk(self, true);
    close(self->fd);
    assert_int_equal(rmdir(self->path), 0);
}

int scratch_count(const scratch *self)
{
    return walk(self, false);
}

/* cmocka catches these to end a test; a child has to die of them. */
static void restore_signals(void)
{
    static const int caught[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL};

    for (size_t i = 0; i < sizeof(caught) / sizeof(caught[0]); i++) {
        signal(caught[i], SIG_DFL);
    }
}

int child_run(void (*act)(void *context), void *context)
{
    int wait_status = -1;

    fflush(NULL);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        const int quiet = open("/dev/null", O_WRONLY);
        restore_signals();
        prctl(PR_SET_DUMPABLE, 0);
        dup2(quiet, STDERR_FILENO);
        act(context);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &wait_status, 0), child);
    return wait_status;
}

bool child_survived(int wait_status)
{
    return WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 0;
}

#include "support/test.h"

#include "support/store_child.h"

#include <grp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOBODY 65534

static store_child start(store_child_fn fn, void *arg, bool powerless) {
    int down[2], up[2];
    assert_int_equal(pipe(down), 0);
    assert_int_equal(pipe(up), 0);
    (void)signal(SIGPIPE, SIG_IGN);
    store_child child = {fork(), down[1], up[0]};
    assert_true(child.pid >= 0);
    if (child.pid > 0) {
        (void)close(down[0]);
        (void)close(up[1]);
        return child;
    }
    (void)close(down[1]);
    (void)close(up[0]);
    store_child self = {0, up[1], down[0]};
    if (powerless && geteuid() == 0 && (setgroups(0, NULL) != 0 || setgid(NOBODY) != 0 || setuid(NOBODY) != 0))
        _exit(255);
    int line = fn(&self, arg);
    /* An exit code has eight bits: the line goes through the pipe. */
    char digits[4] = {(char)(line & 0x7f), (char)(line >> 7 & 0x7f), (char)(line >> 14 & 0x7f), 'E'};
    for (unsigned i = 0; line != 0 && i < 4; i++) (void)!write(self.to, &digits[3 - i], 1);
    _exit(line == 0 ? 0 : 1);
}

store_child store_child_start(store_child_fn fn, void *arg) { return start(fn, arg, false); }
store_child store_child_start_powerless(store_child_fn fn, void *arg) { return start(fn, arg, true); }

bool store_child_tell(const store_child *child, char byte) { return write(child->to, &byte, 1) == 1; }

int store_child_await(const store_child *child) {
    char byte;
    return read(child->from, &byte, 1) == 1 ? (unsigned char)byte : -1;
}

int store_child_end(store_child *child) {
    int status = 0, line = 0, byte;
    (void)close(child->to);
    while ((byte = store_child_await(child)) >= 0)
        if (byte == 'E')
            for (unsigned i = 0; i < 3 && (byte = store_child_await(child)) >= 0; i++) line = line << 7 | byte;
    (void)close(child->from);
    assert_int_equal(waitpid(child->pid, &status, 0), child->pid);
    if (!WIFEXITED(status)) return -1;
    return WEXITSTATUS(status) == 0 ? 0 : line != 0 ? line : WEXITSTATUS(status);
}

void store_child_kill(store_child *child) {
    int status;
    (void)kill(child->pid, SIGKILL);
    (void)close(child->to);
    (void)close(child->from);
    assert_int_equal(waitpid(child->pid, &status, 0), child->pid);
}

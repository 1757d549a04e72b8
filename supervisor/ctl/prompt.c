/* SPDX-License-Identifier: MIT */
#include "ctl/prompt.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <termios.h>

#include "base/fd.h"
#include "base/text.h"
#include "ctl/interrupt.h"

#define ANSWER_MAX 4096U

static int open_terminal(void) {
        return neg_errno(open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY));
}

bool prompt_is_possible(void) {
        _cleanup_close_ int fd = open_terminal();

        return fd >= 0;
}

/* A line, without its end. Return: 0; -EINTR; another negative errno. */
static int read_line(int fd, int interrupt_fd, char **ret) {
        _cleanup_free_ char *line = calloc(1, ANSWER_MAX + 1);
        size_t size = 0;

        if (!line)
                return -ENOMEM;
        for (;;) {
                struct pollfd fds[] = {
                        { .fd = fd, .events = POLLIN },
                        { .fd = interrupt_fd, .events = POLLIN },
                };
                int r = neg_errno(poll(fds, ELEMENTSOF(fds), -1));
                if (r < 0 && r != -EINTR)
                        return r;
                if (fds[1].revents)
                        return -EINTR;
                ssize_t n = neg_errno(read(fd, line + size, 1));
                if (n < 0 && n != -EINTR)
                        return (int) n;
                if (n == 0 || line[size] == '\n')
                        break;
                size += n > 0 && size < ANSWER_MAX ? 1 : 0;
        }
        line[size] = '\0';
        *ret = TAKE_PTR(line);
        return 0;
}

/* The terminal is given back as it was, also after Ctrl-C. */
static int ask(int fd, const char *question, bool hidden, char **ret) {
        struct termios before = {}, now;
        bool changed = false;

        _cleanup_close_ int interrupts = interrupt_open();
        if (interrupts < 0)
                return interrupts;
        /* Before the question: whoever sees it may type. */
        if (hidden && tcgetattr(fd, &before) >= 0) {
                now = before;
                now.c_lflag &= ~(tcflag_t) ECHO;
                now.c_lflag |= ECHONL;
                changed = tcsetattr(fd, TCSAFLUSH, &now) >= 0;
        }
        int r = fd_write_all(fd, question, strlen(question));
        if (r >= 0)
                r = read_line(fd, interrupts, ret);
        if (changed)
                (void) tcsetattr(fd, TCSAFLUSH, &before); /* nothing else can be done */
        if (r == -EINTR)
                (void) fd_write_all(fd, "\n", 1); /* cosmetics */
        return r;
}

static int ask_person(const char *question, bool hidden, char **ret, Error *error) {
        _cleanup_close_ int fd = open_terminal();

        int r = fd < 0 ? fd : ask(fd, question, hidden, ret);
        return r < 0 && r != -EINTR && r != -ENOMEM
                               ? error_set(error, r, ERROR_FAILED, "cannot ask at the terminal")
                               : r;
}

int prompt_yes(const char *question, Error *error) {
        _cleanup_free_ char *answer = NULL;

        int r = ask_person(question, /* hidden= */ false, &answer, error);
        if (r < 0)
                return r;
        return strcasecmp(answer, "y") == 0 || strcasecmp(answer, "yes") == 0;
}

int prompt_secret(const char *question, char **ret, Error *error) {
        return ask_person(question, /* hidden= */ true, ret, error);
}

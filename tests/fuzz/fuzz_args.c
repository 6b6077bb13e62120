/*
 * Arguments of the command: the first byte picks the sub-command, the rest is its words, each ended by a zero byte.
 * What is taken is within its limits, what is not is reported as a usage error of one line.
 */
#include <unistd.h>

#include "cli/commands.h"
#include "fuzz.h"

#define WORDS 24

static const echo_cmd_command *const commands[] = {
    &echo_cmd_parties, &echo_cmd_open, &echo_cmd_items, &echo_cmd_snapshot, &echo_cmd_list,         &echo_cmd_inspect,
    &echo_cmd_verify,  &echo_cmd_gc,   &echo_cmd_pin,   &echo_cmd_unpin,    &echo_cmd_prune_advice,
};

/* What is said on stderr goes to a file, which is read back. */
static FILE *told;

static void catch (int *kept) {
    if (told == NULL) told = tmpfile();
    FUZZ_CHECK(told != NULL && ftruncate(fileno(told), 0) == 0);
    rewind(told);
    (void)fflush(stderr);
    *kept = dup(STDERR_FILENO);
    FUZZ_CHECK(*kept >= 0 && dup2(fileno(told), STDERR_FILENO) >= 0);
}

static size_t release(int kept, char *text, size_t size) {
    (void)fflush(stderr);
    FUZZ_CHECK(dup2(kept, STDERR_FILENO) >= 0 && close(kept) == 0);
    rewind(told);
    size_t len = fread(text, 1, size - 1, told);
    text[len] = '\0';
    return len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static char text[4096];
    static echo_cli cli;
    static echo_cmd cmd;
    static FILE *nowhere;
    fuzz_input in = fuzz_input_of(data, size);
    const echo_cmd_command *command = commands[fuzz_u8(&in) % (sizeof commands / sizeof commands[0])];
    char *words[WORDS + 1];
    int count = 0, code = -1, kept;
    words[count++] = (char *)fuzz_copy(echo__bytes_text(command->name), true);
    while (count < WORDS && fuzz_left(&in) > 0) words[count++] = (char *)fuzz_copy(fuzz_until(&in, 0), true);
    words[count] = NULL;
    if (nowhere == NULL) nowhere = fopen("/dev/null", "w");
    FUZZ_CHECK(nowhere != NULL);
    memset(&cli, 0, sizeof cli);
    memset(&cmd, 0, sizeof cmd);
    cmd.command = command;
    cli.command = command->name;
    cli.cmd = &cmd;
    echo_cli_out_init(&cli.out, nowhere);
    catch (&kept);
    bool go = echo_cmd_read(&cli, count, words, &code);
    size_t len = release(kept, text, sizeof text);
    if (go) {
        FUZZ_CHECK(code == ECHO_CLI_EXIT_OK && len == 0 && cli.dir != NULL && cli.dir[0] != '\0');
        FUZZ_CHECK(cmd.number <= INT64_MAX && (cli.given & ~command->options) == 0);
        FUZZ_CHECK(!echo_cli_has(&cli, ECHO_CMD_NUMBER) || cmd.number > 0);
    } else if (code == ECHO_CLI_EXIT_OK) {
        FUZZ_CHECK(echo_cli_has(&cli, ECHO_CLI_HELP) && len == 0);
    } else {
        FUZZ_CHECK(code == ECHO_CLI_EXIT_USAGE && len > 0 && strchr(text, '\n') == text + len - 1);
        for (size_t i = 0; i + 1 < len; i++) FUZZ_CHECK((unsigned char)text[i] >= 0x20 && text[i] != 0x7f);
    }
    while (count > 0) free(words[--count]);
    return 0;
}

/* Runs files, and all files of folders, through the fuzz target it is linked with: what was found once stays mended. */
#include <sys/stat.h>

#include "fuzz.h"

static size_t count;

static void run_bytes(const uint8_t *bytes, size_t len) {
    uint8_t *exact = fuzz_copy(echo__bytes(bytes, len), false); /* reading past its end is seen */
    (void)LLVMFuzzerTestOneInput(exact, len);
    free(exact);
    count++;
}

static bool run_file(const char *path) {
    static uint8_t bytes[1 << 20];
    FILE *file = fopen(path, "rb");
    if (file == NULL) return false;
    size_t len = fread(bytes, 1, sizeof bytes, file);
    bool ok = feof(file) && !ferror(file);
    (void)fclose(file);
    (void)fprintf(stderr, "%s\n", path); /* the last one before a failure is the one */
    if (ok) run_bytes(bytes, len);
    return ok;
}

static bool run_path(const char *path) {
    struct stat st;
    if (stat(path, &st) != 0) return false;
    if (!S_ISDIR(st.st_mode)) return run_file(path);
    struct dirent **list;
    int n = scandir(path, &list, NULL, alphasort);
    bool ok = n >= 0;
    for (int i = 0; i < n; i++) {
        char entry[4096];
        int len = snprintf(entry, sizeof entry, "%s/%s", path, list[i]->d_name);
        FUZZ_CHECK(len > 0 && (size_t)len < sizeof entry);
        if (list[i]->d_name[0] != '.') ok = run_path(entry) && ok;
        free(list[i]);
    }
    if (n >= 0) free(list);
    return ok;
}

int main(int argc, char **argv) {
    run_bytes(NULL, 0);
    for (int i = 1; i < argc; i++) {
        if (run_path(argv[i])) continue;
        (void)fprintf(stderr, "%s: cannot be read\n", argv[i]);
        return 1;
    }
    if (argc > 1 && count == 1) {
        (void)fprintf(stderr, "no inputs\n");
        return 1;
    }
    (void)printf("%zu inputs\n", count);
    return 0;
}

// Compresses and decompresses a text with zstd at several levels, with a dictionary, in pieces.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

enum { SIZE = 60000 };

static void fill(unsigned char *text) {
    for (unsigned i = 0; i < SIZE; i++)
        text[i] = (unsigned char)("weldcheck "[i % 10] + (i / 700) % 3);
}

static int streamed(const unsigned char *packed, size_t size, unsigned char *back) {
    ZSTD_DCtx *context = ZSTD_createDCtx();
    ZSTD_inBuffer input = {packed, 0, 0};
    ZSTD_outBuffer output = {back, SIZE, 0};
    while (input.size < size || input.pos < input.size) {
        input.size = input.pos + 100 < size ? input.pos + 100 : size;
        if (ZSTD_isError(ZSTD_decompressStream(context, &output, &input)))
            return -1;
    }
    ZSTD_freeDCtx(context);
    return (int)output.pos;
}

int main(void) {
    unsigned char *text = malloc(SIZE), *back = malloc(SIZE);
    size_t room = ZSTD_compressBound(SIZE);
    unsigned char *packed = malloc(room);
    if (!text || !back || !packed)
        return 1;
    fill(text);
    static const int levels[] = {-3, 1, 5, 9, 13, 19};
    for (unsigned i = 0; i < sizeof levels / sizeof *levels; i++) {
        size_t size = ZSTD_compress(packed, room, text, SIZE, levels[i]);
        if (ZSTD_isError(size))
            return 2;
        memset(back, 0, SIZE);
        size_t whole = ZSTD_decompress(back, SIZE, packed, size);
        int same = whole == SIZE && !memcmp(text, back, SIZE);
        memset(back, 0, SIZE);
        same = same && streamed(packed, size, back) == SIZE && !memcmp(text, back, SIZE);
        printf("level %d: %s, %s\n", levels[i], size < SIZE / 20 ? "small" : "large",
               same ? "equal" : "different");
    }
    packed[0] ^= 1;
    size_t wrong = ZSTD_decompress(back, SIZE, packed, room);
    printf("error: %s\n", ZSTD_getErrorName(wrong));
    return 0;
}

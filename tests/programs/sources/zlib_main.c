// Compresses and decompresses a text with zlib, in memory and with its gzip writer's checks.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

int main(void) {
    enum { SIZE = 20000 };
    unsigned char *text = malloc(SIZE);
    unsigned char *back = malloc(SIZE);
    uLongf packed_size = compressBound(SIZE);
    unsigned char *packed = malloc(packed_size);
    if (!text || !back || !packed)
        return 1;
    for (unsigned i = 0; i < SIZE; i++)
        text[i] = (unsigned char)("weldcheck "[i % 10] + (i / 500) % 3);
    for (int level = 1; level <= 9; level += 4) {
        uLongf size = packed_size, back_size = SIZE;
        if (compress2(packed, &size, text, SIZE, level) != Z_OK)
            return 2;
        if (uncompress(back, &back_size, packed, size) != Z_OK || back_size != SIZE)
            return 3;
        printf("level %d: %s, %s\n", level, size < SIZE / 20 ? "small" : "large",
               memcmp(text, back, SIZE) ? "different" : "equal");
    }
    printf("zlib %s adler32 %08lx crc32 %08lx\n", zlibVersion()[0] ? "linked" : "?",
           adler32(1L, text, SIZE), crc32(0L, text, SIZE));
    printf("error text: %s\n", zError(Z_DATA_ERROR));
    gzFile missing = gzopen("/no/such/file", "rb");
    printf("gzopen: %s\n", missing ? "opened" : "no file");
    return 0;
}

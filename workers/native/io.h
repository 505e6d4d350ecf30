/* Messages over standard input and output: length of the body and type, four bytes each, little-endian, then the body. */
#ifndef MAYDAN_IO_H
#define MAYDAN_IO_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
  const uint8_t *data;
  size_t size;
} Bytes;

/* Waits for the next message, which is there until the next call. Ends the process when there is no more. */
uint32_t next_message(Bytes *body);
/* Whether the next one was read already. */
int has_message(void);
void tell(uint32_t type, Bytes head, Bytes body);
/* Ends the process with a reason on the error output. */
_Noreturn void fail(const char *reason);
/* The same, of something in ffmpeg's libraries that is missing. */
_Noreturn void fail_without(const char *name);
/* The next number of a message; ends the process when there is none. */
uint32_t take_u32(Bytes *from);

#endif

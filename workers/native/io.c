#include "io.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

enum { HEADER = 8, MOST_BODY = 16 * 1024 * 1024, CHUNK = 256 * 1024 };

void fail(const char *reason) {
  fprintf(stderr, "%s\n", reason);
  exit(2);
}

void fail_without(const char *name) {
  fprintf(stderr, "ffmpeg's libraries here have no %s\n", name);
  exit(2);
}

uint32_t take_u32(Bytes *from) {
  uint32_t value;
  if (from->size < sizeof value) fail("a message is too short");
  memcpy(&value, from->data, sizeof value);
  from->data += sizeof value;
  from->size -= sizeof value;
  return value;
}

static uint8_t *buffer;
static size_t room, begin, filled;

/* Until so many bytes lie behind `begin`. */
static void fill(size_t needed) {
  if (needed > room) {
    room = needed > CHUNK ? needed : CHUNK;
    buffer = realloc(buffer, room);
    if (buffer == NULL) fail("no memory for a message");
  }
  if (begin + needed > room || begin == filled) {
    memmove(buffer, buffer + begin, filled - begin);
    filled -= begin;
    begin = 0;
  }
  while (filled - begin < needed) {
    const ssize_t got = read(STDIN_FILENO, buffer + filled, room - filled);
    if (got == 0) exit(0);
    if (got < 0 && errno != EINTR) fail("the input broke");
    if (got > 0) filled += (size_t)got;
  }
}

int has_message(void) {
  if (filled - begin < HEADER) return 0;
  Bytes header = {buffer + begin, HEADER};
  return filled - begin >= HEADER + (size_t)take_u32(&header);
}

uint32_t next_message(Bytes *body) {
  fill(HEADER);
  Bytes header = {buffer + begin, HEADER};
  const uint32_t size = take_u32(&header), type = take_u32(&header);
  if (size > MOST_BODY) fail("a message is too long");
  fill(HEADER + size);
  *body = (Bytes){buffer + begin + HEADER, size};
  begin += HEADER + size;
  return type;
}

void tell(uint32_t type, Bytes head, Bytes body) {
  const uint32_t header[2] = {(uint32_t)(head.size + body.size), type};
  struct iovec pieces[3] = {
      {(void *)header, sizeof header}, {(void *)head.data, head.size}, {(void *)body.data, body.size}};
  for (int at = 0; at < 3;) {
    const ssize_t written = writev(STDOUT_FILENO, pieces + at, 3 - at);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) exit(0);
    size_t rest = (size_t)written;
    while (at < 3 && rest >= pieces[at].iov_len) rest -= pieces[at++].iov_len;
    if (at < 3) {
      pieces[at].iov_base = (uint8_t *)pieces[at].iov_base + rest;
      pieces[at].iov_len -= rest;
    }
  }
}

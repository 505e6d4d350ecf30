#include "composer.h"
#include <libavutil/log.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { IN_PICTURE = 1, IN_FORGET = 2, IN_LABEL = 3, IN_FORGET_LABELS = 4, IN_LAYOUT = 5, IN_TICK = 6 };
/* Some ten times of what four people take. */
static const rlim_t MOST_MEMORY = 2147483648;

/* Tells whose picture broke the decoder, so that the others can go on without it. Only what signal-safety(7) allows. */
static void on_crash(int signal_number) {
  uint32_t track = decoding_track;
  char text[32] = "decoding ";
  char digits[10];
  size_t at = strlen(text), count = 0;
  do {
    digits[count++] = (char)('0' + track % 10);
    track /= 10;
  } while (track > 0);
  while (count > 0) text[at++] = digits[--count];
  text[at++] = '\n';
  if (decoding_track != 0 && write(STDERR_FILENO, text, at) < 0) _exit(3);
  raise(signal_number);
}

static void watch_crashes(void) {
  static uint8_t stack[65536];
  const stack_t own = {.ss_sp = stack, .ss_size = sizeof stack};
  sigaltstack(&own, NULL);
  struct sigaction action = {.sa_handler = on_crash, .sa_flags = (int)(SA_RESETHAND | SA_ONSTACK)};
  const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
  for (size_t at = 0; at < sizeof signals / sizeof *signals; at++) sigaction(signals[at], &action, NULL);
}

/*
 * What strangers send can't take all memory of the machine: what they want beyond this they don't get, and their picture is broken.
 * No core is dumped, with everybody's pictures in it.
 */
static void limit_itself(void) {
  const struct rlimit no_core = {0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
#ifndef __SANITIZE_ADDRESS__
  const struct rlimit memory = {MOST_MEMORY, MOST_MEMORY};
  setrlimit(RLIMIT_DATA, &memory);
#endif
}

static void on_tick(Bytes body, int width, int height) {
  double time;
  if (body.size != sizeof time) fail("a tick of another size");
  memcpy(&time, body.data, sizeof time);
  encode(draw(width, height), time);
}

static void on_picture(Bytes body) {
  const uint32_t track = take_u32(&body), codec = take_u32(&body), key = take_u32(&body);
  decode_picture(track, codec, key != 0, body);
}

static void on_label(Bytes body) {
  const uint32_t id = take_u32(&body), width = take_u32(&body), height = take_u32(&body);
  set_label(id, width, height, body);
}

static int number(const char *text, int least, int most) {
  char *end;
  const long value = strtol(text, &end, 10);
  if (*text == '\0' || *end != '\0' || value < least || value > most) fail("an argument is out of range");
  return (int)value;
}

_Noreturn void compose(char **arguments) {
  const int width = number(arguments[0], 16, 4096), height = number(arguments[1], 16, 4096);
  if (width % 2 != 0 || height % 2 != 0) fail("sizes are even");
  av_log_set_level(AV_LOG_FATAL);
  limit_itself();
  watch_crashes();
  plan_encoder(width, height, number(arguments[2], 1, 120), number(arguments[3], 1000, 100000000),
               number(arguments[4], 1, 64));
  for (;;) {
    Bytes body;
    switch (next_message(&body)) {
      case IN_PICTURE: on_picture(body); break;
      case IN_FORGET: forget_track(take_u32(&body)); break;
      case IN_LABEL: on_label(body); break;
      case IN_FORGET_LABELS: forget_labels(); break;
      case IN_LAYOUT: set_layout(body); break;
      case IN_TICK: on_tick(body, width, height); break;
      default: fail("an unknown message");
    }
  }
}

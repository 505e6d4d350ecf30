#include "composer.h"
#include "receiver.h"
#include <string.h>

/* One program for what must not pass through Node; without arguments it only shows that it can be started and has its codecs. */
int main(int count, char **arguments) {
  if (count == 1) {
    check_decoders();
    check_encoder();
    return 0;
  }
  if (count == 7 && strcmp(arguments[1], "compose") == 0) compose(arguments + 2);
  if (count == 3 && strcmp(arguments[1], "receive") == 0) receive(arguments[2]);
  fail("usage: stage-media compose WIDTH HEIGHT FRAME_RATE BIT_RATE THREADS | stage-media receive ADDRESS");
}

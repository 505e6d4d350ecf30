/*
 * The picture of a stage: encoded pictures of everybody in, one H.264 stream of all of them out. See docs/adr/0018 and
 * workers/src/stage/compose/composerProtocol.ts, which speaks with this process over its standard input and output.
 */
#ifndef MAYDAN_COMPOSER_H
#define MAYDAN_COMPOSER_H

#include <libavcodec/avcodec.h>
#include <libavutil/frame.h>
#include "io.h"

/* What comes out; numbers as in composerProtocol.ts. */
enum { OUT_CONFIG = 1, OUT_PICTURE = 2, OUT_SHOWN = 3, OUT_BROKEN = 4 };

/* tracks.c */

/* Whose pictures are being decoded at this moment, 0 for nobody's: told when that ends the process. */
extern volatile uint32_t decoding_track;

/* Ends the process when ffmpeg's libraries lack one of those that are needed. */
void check_decoders(void);
/* Decodes one picture of that track, which begins with its first one. */
void decode_picture(uint32_t track, uint32_t codec, int key, Bytes data);
void forget_track(uint32_t track);
/* The newest picture; NULL while there is none. `changed`: it was not asked for since it came. */
const AVFrame *picture_of(uint32_t track, int *changed);

/* canvas.c */

void set_label(uint32_t id, uint32_t width, uint32_t height, Bytes alpha);
void forget_labels(void);
void set_layout(Bytes body);
/* Brings the picture of everybody up to date. It stays the canvas's own. */
AVFrame *draw(int width, int height);

/* encoder.c */

/* As `check_decoders`. */
void check_encoder(void);
/* It is opened when the first picture is encoded. */
void plan_encoder(int width, int height, int frame_rate, int64_t bit_rate, int threads);
/* `time`: comes out with the picture as it is. */
void encode(AVFrame *canvas, double time);

/* compose.c */

/* WIDTH HEIGHT FRAMES_PER_SECOND BITS_PER_SECOND THREADS */
_Noreturn void compose(char **arguments);

#endif

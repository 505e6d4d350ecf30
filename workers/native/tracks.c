#include "composer.h"
#include <string.h>

/* Larger than any camera's or screen's; who sends more could take all memory. */
enum { MOST_TRACKS = 64, MOST_PIXELS = 4096 * 2304 };

typedef struct {
  /* 0: nobody's place. */
  uint32_t id;
  AVCodecContext *decoder;
  AVFrame *newest;
  int has_picture;
  int changed;
} Track;

static Track tracks[MOST_TRACKS];
volatile uint32_t decoding_track = 0;

/*
 * By the numbers of composerProtocol.ts. Each sees in a picture's head that it is too large. libvpx doesn't: it would decode pictures of
 * 16384x16384, a second and a gigabyte each.
 */
static const char *const decoders[] = {"h264", "vp8", "vp9", "libdav1d"};
enum { H264 = 0, LENGTH = 4 };

void check_decoders(void) {
  for (size_t at = 0; at < sizeof decoders / sizeof *decoders; at++)
    if (avcodec_find_decoder_by_name(decoders[at]) == NULL) fail_without(decoders[at]);
}

static Track *find(uint32_t id) {
  for (size_t at = 0; at < MOST_TRACKS; at++)
    if (tracks[at].id == id) return &tracks[at];
  return NULL;
}

static Track *open_track(uint32_t id, uint32_t codec) {
  Track *track = find(0);
  if (track == NULL) fail("too many tracks");
  if (codec >= sizeof decoders / sizeof *decoders) fail("an unknown codec");
  const AVCodec *kind = avcodec_find_decoder_by_name(decoders[codec]);
  track->decoder = kind == NULL ? NULL : avcodec_alloc_context3(kind);
  track->newest = av_frame_alloc();
  if (track->decoder == NULL || track->newest == NULL) fail_without(decoders[codec]);
  /* Each picture comes out at once: nothing is held back for threads or for an order of its own. */
  track->decoder->thread_count = 1;
  track->decoder->max_pixels = MOST_PIXELS;
  track->decoder->flags |= AV_CODEC_FLAG_LOW_DELAY;
  if (avcodec_open2(track->decoder, kind, NULL) < 0) fail("a decoder can't be opened");
  track->id = id;
  track->has_picture = track->changed = 0;
  return track;
}

/* NAL units come behind their lengths; the decoder wants them behind start codes, which are as long. */
static int use_start_codes(uint8_t *data, size_t size) {
  for (size_t at = 0; at < size;) {
    if (size - at < LENGTH) return 0;
    const size_t length = (size_t)data[at] << 24 | (size_t)data[at + 1] << 16 | (size_t)data[at + 2] << 8 | data[at + 3];
    if (length > size - at - LENGTH) return 0;
    memcpy(data + at, "\0\0\0\1", LENGTH);
    at += LENGTH + length;
  }
  return 1;
}

static void tell_of(uint32_t type, uint32_t id) {
  tell(type, (Bytes){(uint8_t *)&id, sizeof id}, (Bytes){NULL, 0});
}

/* The last of what comes out is shown: with spatial layers a picture comes in several sizes, the largest last. */
static int take_pictures(Track *track) {
  static AVFrame *frame = NULL;
  if (frame == NULL && (frame = av_frame_alloc()) == NULL) fail("no memory for a picture");
  int count = 0;
  for (; avcodec_receive_frame(track->decoder, frame) == 0; count++) {
    av_frame_unref(track->newest);
    av_frame_move_ref(track->newest, frame);
  }
  return count;
}

/* Whether that could be decoded. */
static int decode(Track *track, const AVPacket *packet, int *came) {
  decoding_track = track->id;
  const int is_decoded = avcodec_send_packet(track->decoder, packet) >= 0;
  *came = is_decoded ? take_pictures(track) : 0;
  decoding_track = 0;
  return is_decoded;
}

void decode_picture(uint32_t id, uint32_t codec, int key, Bytes data) {
  if (id == 0 || data.size == 0) fail("a picture of nobody");
  Track *track = find(id);
  if (track == NULL) track = open_track(id, codec);
  AVPacket *packet = av_packet_alloc();
  if (packet == NULL || av_new_packet(packet, (int)data.size) < 0) fail("no memory for a picture");
  memcpy(packet->data, data.data, data.size);
  if (key) packet->flags |= AV_PKT_FLAG_KEY;
  const int is_whole = codec != H264 || use_start_codes(packet->data, data.size);
  int came = 0;
  if (!is_whole || !decode(track, packet, &came)) tell_of(OUT_BROKEN, id);
  if (came > 0 && !track->has_picture) tell_of(OUT_SHOWN, id);
  if (came > 0) track->has_picture = track->changed = 1;
  av_packet_free(&packet);
}

void forget_track(uint32_t id) {
  Track *track = id == 0 ? NULL : find(id);
  if (track == NULL) return;
  avcodec_free_context(&track->decoder);
  av_frame_free(&track->newest);
  track->id = 0;
}

const AVFrame *picture_of(uint32_t id, int *changed) {
  Track *track = id == 0 ? NULL : find(id);
  if (track == NULL || !track->has_picture) return NULL;
  *changed = track->changed;
  track->changed = 0;
  return track->newest;
}

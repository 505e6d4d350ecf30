#include "composer.h"
#include <libavutil/opt.h>

/* More than may be in the encoder at once. */
enum { MOST_TIMES = 128, KEY_FRAME_SECONDS = 2 };

static AVCodecContext *encoder;
static int is_open = 0;
static AVPacket *packet;
static double times[MOST_TIMES];
static int64_t count = 0;

static const char *const name = "libx264";

void check_encoder(void) {
  if (avcodec_find_encoder_by_name(name) == NULL) fail_without(name);
}

void plan_encoder(int width, int height, int frame_rate, int64_t bit_rate, int threads) {
  const AVCodec *x264 = avcodec_find_encoder_by_name(name);
  encoder = x264 == NULL ? NULL : avcodec_alloc_context3(x264);
  packet = av_packet_alloc();
  if (encoder == NULL || packet == NULL) fail_without(name);
  encoder->width = width;
  encoder->height = height;
  encoder->pix_fmt = AV_PIX_FMT_YUV420P;
  encoder->time_base = (AVRational){1, frame_rate};
  encoder->framerate = (AVRational){frame_rate, 1};
  encoder->gop_size = KEY_FRAME_SECONDS * frame_rate;
  encoder->max_b_frames = 0;
  encoder->bit_rate = bit_rate;
  encoder->rc_max_rate = bit_rate + bit_rate / 10;
  encoder->rc_buffer_size = (int)bit_rate;
  encoder->thread_count = threads;
  encoder->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
}

static void open_encoder(void) {
  AVDictionary *options = NULL;
  av_dict_set(&options, "preset", "veryfast", 0);
  av_dict_set(&options, "tune", "zerolatency", 0);
  av_dict_set(&options, "profile", "high", 0);
  av_dict_set(&options, "sc_threshold", "0", 0);
  /* Frame threads cost a frame of delay each but, unlike zerolatency's slices, no efficiency. NAL units as FLV carries them. */
  av_dict_set(&options, "x264-params", "sliced-threads=0:annexb=0", 0);
  if (avcodec_open2(encoder, encoder->codec, &options) < 0) fail("libx264 can't be opened");
  av_dict_free(&options);
  tell(OUT_CONFIG, (Bytes){NULL, 0}, (Bytes){encoder->extradata, (size_t)encoder->extradata_size});
  is_open = 1;
}

void encode(AVFrame *canvas, double time) {
  if (!is_open) open_encoder();
  times[count % MOST_TIMES] = time;
  canvas->pts = count++;
  if (avcodec_send_frame(encoder, canvas) < 0) fail("a picture can't be encoded");
  while (avcodec_receive_packet(encoder, packet) == 0) {
    struct {
      double time;
      uint32_t key;
      uint32_t unused;
    } head = {times[packet->pts % MOST_TIMES], (packet->flags & AV_PKT_FLAG_KEY) != 0, 0};
    tell(OUT_PICTURE, (Bytes){(uint8_t *)&head, sizeof head}, (Bytes){packet->data, (size_t)packet->size});
    av_packet_unref(packet);
  }
}

#include "composer.h"
#include <libswscale/swscale.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_TILES = 64, MOST_LABELS = 128, PLANES = 3, COVER = 0 };

typedef struct {
  int x, y, width, height;
} Area;

typedef struct {
  uint32_t track;
  Area area;
  uint32_t fit, label;
  /* Of pictures in another size than the tile's. */
  struct SwsContext *scaler;
  AVFrame *scaled;
} Tile;

typedef struct {
  uint32_t id;
  int width, height;
  uint8_t *alpha;
} Label;

static Tile tiles[MOST_TILES];
static Label labels[MOST_LABELS];
static size_t tile_count = 0;
static int layout_changed = 1;
static AVFrame *canvas = NULL;

/* Limited-range colours. */
static const uint8_t black[PLANES] = {16, 128, 128}, placeholder[PLANES] = {40, 132, 126};
/* How much of the picture stays under the dark box behind a label, of 256. */
enum { BOX_SHADE = 110, LABEL_MARGIN = 8, WHITE = 235 };
/* Pictures narrower than this are upright: cropping would take half of them. */
static const double upright_aspect = 1.2;

/* More than any picture's side; what a stranger says of the shape of pixels can make more of it than an int holds. */
enum { MOST_SIDE = 65536 };

static int even(double value) { return 2 * (int)(value / 2); }
static int even_near(double value) { return value < MOST_SIDE ? 2 * (int)(value / 2 + 0.5) : MOST_SIDE; }
static int least(int a, int b) { return a < b ? a : b; }
static int most(int a, int b) { return a > b ? a : b; }

void set_label(uint32_t id, uint32_t width, uint32_t height, Bytes alpha) {
  if (width > 4096 || height > 4096 || alpha.size != (size_t)width * height) fail("a label of another size");
  size_t at = 0;
  while (at < MOST_LABELS && labels[at].id != 0) at++;
  if (id == 0 || at == MOST_LABELS) fail("too many labels");
  labels[at] = (Label){id, (int)width, (int)height, malloc(alpha.size + 1)};
  if (labels[at].alpha == NULL) fail("no memory for a label");
  memcpy(labels[at].alpha, alpha.data, alpha.size);
}

void forget_labels(void) {
  for (size_t at = 0; at < MOST_LABELS; at++) {
    free(labels[at].alpha);
    labels[at] = (Label){0};
  }
}

static Label *find_label(uint32_t id) {
  for (size_t at = 0; id != 0 && at < MOST_LABELS; at++)
    if (labels[at].id == id) return &labels[at];
  return NULL;
}

void set_layout(Bytes body) {
  for (size_t at = 0; at < tile_count; at++) {
    sws_freeContext(tiles[at].scaler);
    av_frame_free(&tiles[at].scaled);
  }
  tile_count = take_u32(&body);
  if (tile_count > MOST_TILES) fail("too many tiles");
  for (size_t at = 0; at < tile_count; at++) {
    Tile tile = {.track = take_u32(&body)};
    int *const area[] = {&tile.area.x, &tile.area.y, &tile.area.width, &tile.area.height};
    for (size_t of = 0; of < 4; of++) {
      const uint32_t value = take_u32(&body);
      if (value > 4096 || value % 2 != 0) fail("a tile is out of range");
      *area[of] = (int)value;
    }
    tile.fit = take_u32(&body);
    tile.label = take_u32(&body);
    tiles[at] = tile;
  }
  layout_changed = 1;
}

static uint8_t *pixel(const AVFrame *frame, int plane, int x, int y) {
  const int half = plane == 0 ? 0 : 1;
  return frame->data[plane] + (ptrdiff_t)(y >> half) * frame->linesize[plane] + (x >> half);
}

static void fill_area(Area area, const uint8_t colour[PLANES]) {
  for (int plane = 0; plane < PLANES; plane++) {
    const int half = plane == 0 ? 0 : 1;
    for (int row = 0; row < area.height >> half; row++)
      memset(pixel(canvas, plane, area.x, area.y + (row << half)), colour[plane], (size_t)(area.width >> half));
  }
}

static void paste(const AVFrame *from, Area area) {
  for (int plane = 0; plane < PLANES; plane++) {
    const int half = plane == 0 ? 0 : 1;
    for (int row = 0; row < area.height >> half; row++)
      memcpy(pixel(canvas, plane, area.x, area.y + (row << half)), pixel(from, plane, 0, row << half),
             (size_t)(area.width >> half));
  }
}

/* Of these a part can be shown: three planes of bytes, colour in half the resolution. Browsers send hardly anything else. */
static int is_plain(const AVFrame *picture) {
  return picture->format == AV_PIX_FMT_YUV420P || picture->format == AV_PIX_FMT_YUVJ420P;
}

/* `cover`: cropped a little to fill the tile, unless it is upright; `contain`: shown whole. */
static void fit(const Tile *tile, const AVFrame *picture, Area *shown, Area *target) {
  const AVRational pixel_shape = picture->sample_aspect_ratio;
  const double stretch = pixel_shape.num > 0 && pixel_shape.den > 0 ? av_q2d(pixel_shape) : 1;
  const double aspect = picture->width * stretch / picture->height;
  const Area *area = &tile->area;
  *shown = (Area){0, 0, picture->width, picture->height};
  *target = *area;
  if (tile->fit == COVER && aspect >= upright_aspect && is_plain(picture)) {
    const double wanted = (double)area->width / area->height;
    if (aspect > wanted) shown->width = least(picture->width, most(2, even_near(picture->width * wanted / aspect)));
    else shown->height = least(picture->height, most(2, even_near(picture->height * aspect / wanted)));
    shown->x = even((picture->width - shown->width) / 2.0);
    shown->y = even((picture->height - shown->height) / 2.0);
    return;
  }
  target->width = most(2, least(area->width, even_near(area->height * aspect)));
  target->height = most(2, least(area->height, even_near(area->width / aspect)));
  target->x += even((area->width - target->width) / 2.0);
  target->y += even((area->height - target->height) / 2.0);
}

/* In memory of its own first, since the scaler may write a little beyond the end of a row. */
static const AVFrame *scaled(Tile *tile, const AVFrame *picture, Area shown, Area target) {
  const uint8_t *planes[4] = {picture->data[0], picture->data[1], picture->data[2], picture->data[3]};
  for (int plane = 0; is_plain(picture) && plane < PLANES; plane++)
    planes[plane] = pixel(picture, plane, shown.x, shown.y);
  const int is_full_range = picture->format == AV_PIX_FMT_YUV420P && picture->color_range == AVCOL_RANGE_JPEG;
  const enum AVPixelFormat format = is_full_range ? AV_PIX_FMT_YUVJ420P : (enum AVPixelFormat)picture->format;
  tile->scaler = sws_getCachedContext(tile->scaler, shown.width, shown.height, format, target.width, target.height,
                                      AV_PIX_FMT_YUV420P, SWS_BILINEAR, NULL, NULL, NULL);
  AVFrame *result = tile->scaled;
  if (result != NULL && (result->width != target.width || result->height != target.height)) av_frame_free(&result);
  if (result == NULL) {
    result = av_frame_alloc();
    if (result == NULL) fail("no memory for a tile");
    result->width = target.width;
    result->height = target.height;
    result->format = AV_PIX_FMT_YUV420P;
    if (av_frame_get_buffer(result, 0) < 0) fail("no memory for a tile");
  }
  tile->scaled = result;
  if (tile->scaler == NULL) return NULL;
  sws_scale(tile->scaler, planes, picture->linesize, 0, shown.height, result->data, result->linesize);
  return result;
}

static void draw_picture(Tile *tile, const AVFrame *picture) {
  Area shown, target;
  fit(tile, picture, &shown, &target);
  if (target.width != tile->area.width || target.height != tile->area.height) fill_area(tile->area, black);
  const int is_ready = picture->format == AV_PIX_FMT_YUV420P && picture->color_range != AVCOL_RANGE_JPEG &&
                       shown.width == picture->width && shown.height == picture->height &&
                       shown.width == target.width && shown.height == target.height;
  const AVFrame *fitting = is_ready ? picture : scaled(tile, picture, shown, target);
  if (fitting != NULL) paste(fitting, target);
}

/* White on a darkened box, nowhere beyond its tile; colour is taken back in the same box. */
static void draw_label(const Tile *tile, const Label *label, int in_middle) {
  const Area *area = &tile->area;
  const int width = least(label->width, area->width), height = least(label->height, area->height);
  const int margin = even(least(LABEL_MARGIN, area->height / 32));
  const int left = in_middle ? even((area->width - width) / 2.0) : 0;
  const int top = most(0, in_middle ? even((area->height - height) / 2.0) : even(area->height - height - margin));
  for (int row = 0; row < height; row++) {
    uint8_t *at = pixel(canvas, 0, area->x + left, area->y + top + row);
    const uint8_t *alpha = label->alpha + (ptrdiff_t)row * label->width;
    for (int column = 0; column < width; column++) {
      const int shaded = 16 + (((at[column] - 16) * BOX_SHADE) >> 8);
      at[column] = (uint8_t)(shaded + (((WHITE - shaded) * alpha[column]) >> 8));
    }
  }
  for (int plane = 1; plane < PLANES; plane++)
    for (int row = 0; row < height; row += 2) {
      uint8_t *at = pixel(canvas, plane, area->x + left, area->y + top + row);
      for (int column = 0; column < width / 2; column++)
        at[column] = (uint8_t)(128 + (((at[column] - 128) * BOX_SHADE) >> 8));
    }
}

static void draw_tile(Tile *tile) {
  int changed = 0;
  const AVFrame *picture = picture_of(tile->track, &changed);
  /* What was drawn before is still there. */
  if (!layout_changed && !changed) return;
  if (picture == NULL) fill_area(tile->area, placeholder);
  else draw_picture(tile, picture);
  const Label *label = find_label(tile->label);
  if (label != NULL) draw_label(tile, label, picture == NULL);
}

AVFrame *draw(int width, int height) {
  if (canvas == NULL) {
    canvas = av_frame_alloc();
    if (canvas == NULL) fail("no memory for the canvas");
    canvas->width = width;
    canvas->height = height;
    canvas->format = AV_PIX_FMT_YUV420P;
    if (av_frame_get_buffer(canvas, 0) < 0) fail("no memory for the canvas");
  }
  if (av_frame_make_writable(canvas) < 0) fail("no memory for the canvas");
  if (layout_changed) fill_area((Area){0, 0, width, height}, black);
  for (size_t at = 0; at < tile_count; at++) {
    const Area *area = &tiles[at].area;
    if (area->x + area->width > width || area->y + area->height > height) fail("a tile beyond the canvas");
    if (area->width > 0 && area->height > 0) draw_tile(&tiles[at]);
  }
  layout_changed = 0;
  return canvas;
}

#include "receiver.h"
#include "io.h"
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { IN_OPEN = 1, IN_CLOSE = 2, OUT_OPENED = 1, OUT_PACKETS = 2 };
enum { MOST_PORTS = 128, MOST_PACKET = 2048, MOST_BATCH = 1024 * 1024, RECEIVE_BUFFER = 2097152 };
/* Of one port, before the others have their turn: somebody may send faster than is read. */
enum { MOST_AT_ONCE = 1024 };
/* So long after the first packet more are waited for. */
static const struct timespec gathering = {0, 20 * 1000 * 1000};

/* The clock of process.hrtime(). */
#ifdef __APPLE__
static const clockid_t node_clock = CLOCK_MONOTONIC_RAW;
#else
static const clockid_t node_clock = CLOCK_MONOTONIC;
#endif

typedef struct {
  uint32_t id;
  uint32_t size;
  double arrived_ms;
} Head;

/* The first is the standard input. */
static struct pollfd watched[MOST_PORTS + 1];
static uint32_t ids[MOST_PORTS + 1];
static nfds_t count = 1;
static struct addrinfo *own = NULL;
static uint8_t batch[MOST_BATCH];
static size_t batched = 0;

static double milliseconds(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* 0 when no port can be had. */
static uint32_t port_of(int socket) {
  struct sockaddr_storage address;
  socklen_t size = sizeof address;
  if (getsockname(socket, (struct sockaddr *)&address, &size) < 0) return 0;
  return ntohs(address.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&address)->sin6_port
                                             : ((struct sockaddr_in *)&address)->sin_port);
}

static void open_port(uint32_t id) {
  const int one = 1, size = RECEIVE_BUFFER;
  const int made = count > MOST_PORTS ? -1 : socket(own->ai_family, SOCK_DGRAM, 0);
  uint32_t port = 0;
  if (made >= 0 && bind(made, own->ai_addr, own->ai_addrlen) == 0) port = port_of(made);
  if (port != 0) {
    /* Key frames come as a burst; the kernel gives what it allows of this. */
    setsockopt(made, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    setsockopt(made, SOL_SOCKET, SO_TIMESTAMP, &one, sizeof one);
    watched[count] = (struct pollfd){.fd = made, .events = POLLIN};
    ids[count++] = id;
  } else if (made >= 0) {
    close(made);
  }
  const uint32_t answer[2] = {id, port};
  tell(OUT_OPENED, (Bytes){(const uint8_t *)answer, sizeof answer}, (Bytes){NULL, 0});
}

static void close_port(uint32_t id) {
  for (nfds_t at = 1; at < count; at++) {
    if (ids[at] != id) continue;
    close(watched[at].fd);
    watched[at] = watched[--count];
    ids[at] = ids[count];
    return;
  }
}

static void obey(void) {
  do {
    Bytes body;
    const uint32_t type = next_message(&body), id = take_u32(&body);
    if (type == IN_OPEN) open_port(id);
    else if (type == IN_CLOSE) close_port(id);
    else fail("an unknown message");
  } while (has_message());
}

static void flush(void) {
  if (batched > 0) tell(OUT_PACKETS, (Bytes){NULL, 0}, (Bytes){batch, batched});
  batched = 0;
}

/* How long ago the kernel got it; its clock may have been set meanwhile. */
static double age_ms(struct msghdr *message) {
  for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part != NULL; part = CMSG_NXTHDR(message, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_TIMESTAMP) continue;
    struct timeval at;
    memcpy(&at, CMSG_DATA(part), sizeof at);
    const double age = milliseconds(CLOCK_REALTIME) - ((double)at.tv_sec * 1e3 + (double)at.tv_usec / 1e3);
    return age < 0 || age > 1000 ? 0 : age;
  }
  return 0;
}

/* What lies in a socket. */
static void drain(int socket, uint32_t id) {
  for (int left = MOST_AT_ONCE; left > 0; left--) {
    if (batched + sizeof(Head) + MOST_PACKET > MOST_BATCH) flush();
    _Alignas(struct cmsghdr) uint8_t control[128];
    struct iovec place = {batch + batched + sizeof(Head), MOST_PACKET};
    struct msghdr message = {
        .msg_iov = &place, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    const ssize_t got = recvmsg(socket, &message, MSG_DONTWAIT);
    if (got < 0) return;
    if (message.msg_flags & MSG_TRUNC) continue;
    const Head head = {id, (uint32_t)got, milliseconds(node_clock) - age_ms(&message)};
    memcpy(batch + batched, &head, sizeof head);
    batched += sizeof head + head.size;
  }
}

void receive(const char *address) {
  const struct addrinfo wanted = {.ai_socktype = SOCK_DGRAM, .ai_flags = AI_PASSIVE};
  if (getaddrinfo(address, "0", &wanted, &own) != 0) fail("the address makes no sense");
  watched[0] = (struct pollfd){.fd = STDIN_FILENO, .events = POLLIN};
  for (;;) {
    if (poll(watched, count, -1) < 0) {
      if (errno != EINTR) fail("nothing can be waited for");
      continue;
    }
    int is_there = 0;
    for (nfds_t at = 1; at < count; at++) is_there |= watched[at].revents;
    if (is_there) {
      nanosleep(&gathering, NULL);
      for (nfds_t at = 1; at < count; at++) drain(watched[at].fd, ids[at]);
      flush();
    }
    if (watched[0].revents) obey();
  }
}

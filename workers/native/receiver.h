/*
 * Receives RTP for Node, which is told of many packets at a time: being woken for each costs it more than reading them. See
 * workers/src/stage/rtp/RtpReceiver.ts, which speaks with this process.
 */
#ifndef MAYDAN_RECEIVER_H
#define MAYDAN_RECEIVER_H

_Noreturn void receive(const char *address);

#endif

"""
A program: publishes by WHIP with aiortc, which sends sender reports, answers NACK with RTX and PLI with a key frame.
Picture and sound flash and beep (1 kHz) at once, in the first 200 ms of each second. Arguments: URL of the endpoint, stream key,
codec (`VP8` or `H264`), UDP port of a relay on this machine that takes the place of the sfu's own. Writes lines of JSON:
`status`, `rtcPort` (the sfu's own, on loopback), `state`, and at its end `deleted`. SIGTERM ends it.
"""

import asyncio
import datetime
import fractions
import re
import signal
import sys
import time
import urllib.parse

import numpy
from aiortc import MediaStreamTrack, RTCPeerConnection, RTCRtpSender, RTCSessionDescription, clock, rtcrtpsender
from aiortc.rtp import RtcpSrPacket
from aiortcCommon import ask, say
from av import AudioFrame, VideoFrame

FLASH = 0.2
WIDTH, HEIGHT, FRAME_RATE = 320, 180, 25
SAMPLE_RATE, SAMPLES = 48000, 960


class Paced(MediaStreamTrack):
    """Frames at their times. One whose time is long past is left out, as by a camera: times stay those of the clock."""

    def __init__(self, started, interval):
        super().__init__()
        self.started = started
        self.interval = interval
        self.number = 0

    async def recv(self):
        elapsed = time.monotonic() - self.started
        self.number = max(self.number, int(elapsed / self.interval))
        await asyncio.sleep(max(0, self.number * self.interval - elapsed))
        frame = self.make(self.number)
        self.number += 1
        return frame


class Picture(Paced):
    kind = "video"

    def __init__(self, started):
        super().__init__(started, 1 / FRAME_RATE)

    def make(self, number):
        picture = numpy.full((HEIGHT * 3 // 2, WIDTH), 128, numpy.uint8)
        is_flash = (number / FRAME_RATE) % 1 < FLASH
        picture[:HEIGHT] = 235 if is_flash else 40
        # A moving bar at the edge, so that the picture never stands still.
        picture[: HEIGHT // 8, (number * 4) % (WIDTH - 16) :][:, :16] = 90
        frame = VideoFrame.from_ndarray(picture, format="yuv420p")
        frame.pts = number * 90000 // FRAME_RATE
        frame.time_base = fractions.Fraction(1, 90000)
        return frame


class Sound(Paced):
    kind = "audio"

    def __init__(self, started):
        super().__init__(started, SAMPLES / SAMPLE_RATE)

    def make(self, number):
        at = (number * SAMPLES + numpy.arange(SAMPLES)) / SAMPLE_RATE
        wave = 0.6 * 32767 * numpy.sin(2 * numpy.pi * 1000 * at) * (at % 1 < FLASH)
        stereo = numpy.repeat(wave.astype(numpy.int16), 2).reshape(1, -1)
        frame = AudioFrame.from_ndarray(stereo, format="s16", layout="stereo")
        frame.sample_rate = SAMPLE_RATE
        frame.pts = number * SAMPLES
        frame.time_base = fractions.Fraction(1, SAMPLE_RATE)
        return frame


def tell_capture(sender, started_at, clock_rate):
    """
    Reports say when what has an RTP timestamp was captured (RFC 3550 6.4.1). aiortc's own say when it was sent, which on a
    busy machine is another time for pictures than for sound.
    """
    send = sender._send_rtcp

    async def send_true(packets):
        for packet in packets:
            if isinstance(packet, RtcpSrPacket):
                # RTP time begins with 0: see `main`.
                captured = started_at + datetime.timedelta(seconds=packet.sender_info.rtp_timestamp / clock_rate)
                packet.sender_info.ntp_timestamp = clock.datetime_to_ntp(captured)
        await send(packets)

    sender._send_rtcp = send_true


def through(relay_port, answer):
    """The answer with one candidate, the relay's in place of the sfu's own on the loopback interface."""
    loopback = re.compile(r"(a=candidate:\S+ 1 udp \d+ 127\.0\.0\.1) (\d+) ")
    say(rtcPort=int(loopback.search(answer)[2]))
    lines = [line for line in answer.splitlines() if "a=candidate:" not in line or loopback.match(line)]
    return "".join(loopback.sub(rf"\1 {relay_port} ", line) + "\r\n" for line in lines)


async def main(endpoint, key, codec, relay_port):
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    connection = RTCPeerConnection()
    connection.on("connectionstatechange", lambda: say(state=connection.connectionState))
    started, started_at = time.monotonic(), clock.current_datetime()
    audio = connection.addTransceiver(Sound(started), "sendonly")
    video = connection.addTransceiver(Picture(started), "sendonly")
    tell_capture(audio.sender, started_at, SAMPLE_RATE)
    tell_capture(video.sender, started_at, 90000)
    # SSRCs have been drawn; what is drawn next is where RTP time begins.
    rtcrtpsender.random32 = lambda: 0
    known = RTCRtpSender.getCapabilities("video").codecs
    video.setCodecPreferences([one for one in known if one.mimeType in (f"video/{codec}", "video/rtx")])
    await connection.setLocalDescription(await connection.createOffer())
    offer = connection.localDescription.sdp.encode()
    status, headers, answer = await asyncio.to_thread(ask, "POST", endpoint, key, offer)
    say(status=status)
    if status != 201:
        sys.exit(answer)
    await connection.setRemoteDescription(RTCSessionDescription(through(relay_port, answer), "answer"))
    await ended.wait()
    resource = urllib.parse.urljoin(endpoint, headers["Location"])
    status, _, _ = await asyncio.to_thread(ask, "DELETE", resource, key)
    say(deleted=status)
    await connection.close()


asyncio.run(main(*sys.argv[1:]))

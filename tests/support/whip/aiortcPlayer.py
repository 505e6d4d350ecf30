"""
A program: plays by WHEP with aiortc, which has WebRTC of its own (aioice, pylibsrtp, OpenSSL's DTLS). Arguments: URL of
the endpoint, join token. Writes a line of JSON now and then: decoded frames and their brightness, decoded samples and
their peak. SIGTERM ends it with DELETE.
"""

import asyncio
import signal
import sys
import urllib.parse

from aiortc import RTCPeerConnection, RTCSessionDescription
from aiortcCommon import ask, say


async def watch(track):
    frames, samples, peak = 0, 0, 0
    while True:
        frame = await track.recv()
        if track.kind == "video":
            frames += 1
            grey = frame.to_ndarray(format="gray")
            say(frames=frames, width=frame.width, brightness=float(grey.mean()), contrast=float(grey.std()))
        else:
            samples += frame.samples
            peak = max(peak, int(abs(frame.to_ndarray()).max()))
            say(samples=samples, peak=peak)


async def main(endpoint, token):
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    connection = RTCPeerConnection()
    tasks = []
    connection.on("track", lambda track: tasks.append(asyncio.ensure_future(watch(track))))
    connection.on("connectionstatechange", lambda: say(state=connection.connectionState))
    connection.addTransceiver("audio", "recvonly")
    connection.addTransceiver("video", "recvonly")
    await connection.setLocalDescription(await connection.createOffer())
    offer = connection.localDescription.sdp.encode()
    status, headers, answer = await asyncio.to_thread(ask, "POST", endpoint, token, offer)
    say(status=status)
    if status != 201:
        sys.exit(answer)
    await connection.setRemoteDescription(RTCSessionDescription(answer, "answer"))
    await ended.wait()
    resource = urllib.parse.urljoin(endpoint, headers["Location"])
    status, _, _ = await asyncio.to_thread(ask, "DELETE", resource, token)
    say(deleted=status)
    for task in tasks:
        task.cancel()
    await connection.close()


asyncio.run(main(*sys.argv[1:]))

"""
A program: plays by WHEP with aiortc, which has WebRTC of its own (aioice, pylibsrtp, OpenSSL's DTLS). Arguments: URL of
the endpoint, join token. Writes a line of JSON now and then: decoded frames and their brightness, decoded samples and
their peak. SIGTERM ends it with DELETE.
"""

import asyncio
import json
import signal
import sys
import urllib.error
import urllib.parse
import urllib.request

from aiortc import RTCPeerConnection, RTCSessionDescription


def ask(method, url, token, body=None):
    headers = {"Authorization": f"Bearer {token}"}
    if body is not None:
        headers["Content-Type"] = "application/sdp"
    request = urllib.request.Request(url, data=body, headers=headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return response.status, response.headers, response.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read().decode()


def say(**event):
    print(json.dumps(event), flush=True)


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

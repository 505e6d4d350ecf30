"""What the programs that use aiortc share: HTTP as WHIP and WHEP want it, and how they tell what happens."""

import json
import urllib.error
import urllib.request


def ask(method, url, token, body=None):
    """Status, headers and text of the answer, also of a refusal."""
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
    """A line of JSON."""
    print(json.dumps(event), flush=True)

"""Reads streams as programs in Python do, with httpx-sse.

A list of requests comes in on standard input, what each of them told goes out: its events,
the last `retry`, and whether reading failed. A request is {"url", "headers", "orders"}; with
`orders` it is left after so many events of orders.
"""

import json
import sys

import httpx
from httpx_sse import connect_sse


def read(client, request):
    told = {"events": [], "retry": None, "fails": False}
    left = request.get("orders", 0)
    try:
        with connect_sse(client, "GET", request["url"], headers=request.get("headers", {})) as source:
            for event in source.iter_sse():
                told["events"].append({"type": event.event, "data": event.data, "id": event.id})
                if event.retry is not None:
                    told["retry"] = event.retry
                left -= event.event.startswith("order.")
                if left == 0 and "orders" in request:
                    break
    except (httpx.HTTPError, UnicodeError, ValueError) as error:
        told["fails"] = True
        print(f"{request['url']}: {error!r}", file=sys.stderr)
    return told


# Nothing of this machine's own has a say, and nothing is waited for for ever.
with httpx.Client(trust_env=False, timeout=60) as client:
    json.dump([read(client, request) for request in json.load(sys.stdin)], sys.stdout)

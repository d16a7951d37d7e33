"""What a description cannot say of a request, done to those that are to be taken.

Times must be near now, sums must add up, an address must lead to something: schemathesis
draws what the description allows, and here a well-formed request becomes one that the
server can also carry out. What is drawn to be refused is sent as it is.
"""

import base64
import hashlib
import hmac
import json
import os
import random
import time
from urllib.parse import unquote

import jsonschema_rs
import requests
import schemathesis

BASE = os.environ["CONTRACT_URL"]
KEY = os.environ["CONTRACT_KEY"]
SECRET = base64.b64decode(os.environ["CONTRACT_SECRET"].removeprefix("whsec_"))
CHANNEL = "partner"
TO_BE_SIGNED = "to be signed"
OWN = {"Authorization": f"Bearer {KEY}"}
draw = random.Random(20261)
plain_send = requests.Session.send


def fetch(method, path, body=None):
    """A request of these hooks' own."""
    with requests.Session() as session:
        request = session.prepare_request(requests.Request(method, BASE + path, json=body, headers=OWN))
        return plain_send(session, request, timeout=20)


def place():
    """An order that can be changed."""
    items = [{"name": "Soup", "quantity": 2, "station": "grill"}, {"name": "Tea", "quantity": 1, "station": "bar"}]
    return fetch("POST", "/api/orders", {"items": items}).json()


ORDERS = [place() for _ in range(8)]


# --- requests ------------------------------------------------------------------


def sign(request):
    """Signs what is sent, where it is to be signed."""
    if request.headers.get("webhook-signature") != TO_BE_SIGNED:
        return
    body = request.body or b""
    body = body.encode() if isinstance(body, str) else body
    head = ".".join([request.headers.get("webhook-id", ""), request.headers.get("webhook-timestamp", "")])
    digest = hmac.new(SECRET, head.encode("latin-1", "replace") + b"." + body, hashlib.sha256).digest()
    request.headers["webhook-signature"] = "v1," + base64.b64encode(digest).decode()


def send(session, request, **options):
    """Sends a request, signed where it is to be."""
    sign(request)
    return plain_send(session, request, **options)


requests.Session.send = send


def near(millis, least, most):
    """A time that is near now, another one for another `millis`."""
    return int(time.time() * 1000) + least + int(abs(millis)) % (most - least)


DAY = 24 * 60 * 60 * 1000
MINUTE = 60 * 1000


def mend_order(body):
    """Has an order add up, and its times near now."""
    for name in ("subtotal", "total", "discount"):
        body.pop(name, None)
    source = body.get("source")
    if isinstance(source, dict):
        # Another order has another id.
        source.pop("external_id", None)
        source.pop("channel", None)
        if isinstance(source.get("accept_by"), (int, float)):
            source["accept_by"] = near(source["accept_by"], 5 * MINUTE, DAY - MINUTE)
        if isinstance(source.get("placed_at"), (int, float)):
            source["placed_at"] = near(source["placed_at"], MINUTE - DAY, MINUTE)
    mend_due(body.get("fulfilment"))


def mend_due(body):
    if isinstance(body, dict) and isinstance(body.get("due_at"), (int, float)):
        body["due_at"] = near(body["due_at"], MINUTE - DAY, 300 * DAY)


def mend_screen(body, name):
    body.pop("name", None)
    if isinstance(body.get("keys"), dict):
        codes = {code: action for action, code in body["keys"].items() if code is not None}
        body["keys"] = {action: code for code, action in codes.items()}
    quiet = body.get("quiet_hours")
    if isinstance(quiet, dict):
        body["quiet_hours"] = {"from": "22:00", "until": "06:00"}


def mend_webhook(body):
    # No other machine is called, whatever is drawn: this address is refused when it is sent to.
    if isinstance(body.get("url"), str):
        body["url"] = "https://127.0.0.1:9/hooks"


@schemathesis.hook
def filter_case(context, case):
    """Leaves out a comma inside of one value of a list.

    To the server it parts two values, as browsers write each comma that parts values so.
    """
    return not any("%2C" in getattr(value, "encoded", "") for value in (case.query or {}).values())


@schemathesis.hook
def before_call(context, case, kwargs):
    """Makes of a well-formed request one that can be carried out."""
    if case.operation.path != "/api/hooks/{channel}" and (case.path_parameters or {}).get("channel") == CHANNEL:
        # Its secret is what signed requests are signed with.
        case.path_parameters["channel"] = "another"
    meta = case.meta
    if meta is None or not meta.generation.mode.is_positive:
        if isinstance(case.body, dict):
            # Also of what is drawn to be refused, if it should not be.
            mend_webhook(case.body)
        return
    path = case.operation.path
    parameters = case.path_parameters or {}
    if path == "/api/hooks/{channel}":
        parameters["channel"] = CHANNEL
        case.headers["webhook-timestamp"] = str(int(time.time()))
        case.headers["webhook-id"] = f"contract-{draw.getrandbits(64)}"
    if path == "/api/orders" and case.headers and "Idempotency-Key" in case.headers:
        # Another order has another key.
        case.headers["Idempotency-Key"] = f"contract-{draw.getrandbits(64)}"
    order = None
    if path.startswith("/api/orders/{id}") and draw.random() < 0.7:
        order = draw.choice(ORDERS)
        if path.endswith("/erase") or draw.random() < 0.2:
            order = place()
        parameters["id"] = order["id"]
        if "item" in parameters and draw.random() < 0.8:
            parameters["item"] = draw.choice([1, 2])
    if path.startswith("/t/{token}/") and draw.random() < 0.7:
        parameters["token"] = draw.choice(ORDERS)["tracking_url"].rsplit("/", 1)[1]
    body = case.body
    if not isinstance(body, dict):
        return
    if path in ("/api/orders", "/api/hooks/{channel}"):
        mend_order(body)
    elif path == "/api/orders/{id}":
        mend_due(body)
    elif path == "/api/screens/{name}":
        mend_screen(body, parameters.get("name"))
    elif path.startswith("/api/webhooks"):
        mend_webhook(body)
    elif path == "/api/intake" and body.get("state") == "paused":
        # Orders are to be placed meanwhile.
        body["state"] = "busy"
    if order and "expected_version" in body and draw.random() < 0.8:
        known = fetch("GET", f"/api/orders/{order['id']}")
        if known.status_code == 200:
            body["expected_version"] = known.json()["version"]


# --- answers -------------------------------------------------------------------

VALIDATORS = {}


def validator(document, schema):
    """What checks data against `schema` of the document."""
    key = json.dumps(schema, sort_keys=True)
    if key not in VALIDATORS:
        whole = {**schema, "components": document["components"]}
        VALIDATORS[key] = jsonschema_rs.Draft202012Validator(whole)
    return VALIDATORS[key]


@schemathesis.check
def stream_says_what_is_described(ctx, response, case):
    """Each event of a stream is described, and its data has the shape that is told."""
    media_type = response.headers.get("content-type", [""])[0]
    if response.status_code != 200 or not media_type.startswith("text/event-stream"):
        return
    document = case.operation.schema.raw_schema
    content = document["paths"][case.operation.path]["get"]["responses"]["200"]["content"]
    events = content["text/event-stream"]["x-events"]
    frames = response.content.decode().split("\n\n")[:-1]
    # One of a customer ends at once where another request has just erased its order.
    ended = case.operation.path.startswith("/t/")
    assert frames or ended, "the stream begins with something"
    for frame in frames:
        fields = dict(line.split(": ", 1) for line in frame.split("\n") if ": " in line)
        if "event" not in fields:
            continue
        assert fields["event"] in events, f"the event {fields['event']} is not described"
        errors = validator(document, events[fields["event"]]["data"]).iter_errors(json.loads(fields["data"]))
        for error in errors:
            raise AssertionError(f"the data of {fields['event']}: {error.message}")

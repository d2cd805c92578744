"""Books orders; the first that cannot be booked comes again, and all behind it."""

import base64
import json
import os

booked = []


def book(event, _):
    """Return the first order that cannot be booked; everything before it is."""
    for record in event["Records"]:
        order = json.loads(base64.b64decode(record["kinesis"]["data"]))
        if not isinstance(order["id"], int):
            return {"batchItemFailures": [{"itemIdentifier": record["kinesis"]["sequenceNumber"]}]}
        booked.append((order["id"], order["amount"], os.environ["CURRENCY"]))
    return {"batchItemFailures": []}

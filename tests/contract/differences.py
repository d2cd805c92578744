"""Where a stand-in differs from what AWS documents: a test that it fails, by name, and what it does instead.

Each is a strict expected failure: it is reported as soon as the stand-in does what AWS does.
"""

from typing import Final

DIFFERENCES: Final[dict[str, dict[str, str]]] = {
    "moto": {
        "test_explicit_hash_decides_instead_of_the_key": (
            "moto 5.2 finds no shard for the last hash of a range and answers 500; "
            "Kinesis: EndingHashKey belongs to the range"
        ),
        "test_receipt_of_an_earlier_receive_deletes_nothing": (
            "moto 5.2 deletes by any receipt that the message ever had; "
            "SQS: with any but the latest the request succeeds and the message is not deleted"
        ),
        "test_receipt_of_an_earlier_receive_releases_nothing": (
            "moto 5.2 releases by any receipt that the message ever had; SQS: a receipt is of one receive"
        ),
    },
}
"""Backend to test to difference."""

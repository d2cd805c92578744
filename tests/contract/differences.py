"""Where a stand-in differs from what AWS documents: a test that it fails, by name, and what it does instead.

Each is a strict expected failure: it is reported as soon as the stand-in does what AWS does.
"""

from collections.abc import Iterable
from typing import Final


def _same(reason: str, names: Iterable[str]) -> dict[str, str]:
    return dict.fromkeys(names, reason)


_MOTO: Final = {
    "test_explicit_hash_decides_instead_of_the_key": (
        "moto 5.2 finds no shard for the last hash of a range and answers 500; "
        "Kinesis: EndingHashKey belongs to the range"
    ),
    "test_what_was_put_before_a_split_is_in_the_parent_and_what_came_after_in_the_children": (
        "moto 5.2 goes on putting into a shard that was split; Kinesis: a closed shard takes no more"
    ),
    "test_receipt_of_an_earlier_receive_deletes_nothing": (
        "moto 5.2 deletes by any receipt that the message ever had; "
        "SQS: with any but the latest the request succeeds and the message is not deleted"
    ),
    "test_receipt_of_an_earlier_receive_releases_nothing": (
        "moto 5.2 releases by any receipt that the message ever had; SQS: a receipt is of one receive"
    ),
}

_MINISTACK: Final = _same(
    "MiniStack 1.5 forgets a shard that is split, with all that is in it; "
    "Kinesis: a closed shard is read until its records expire",
    (
        "test_parent_is_closed_and_its_children_share_its_hashes",
        "test_what_was_put_before_a_split_is_in_the_parent_and_what_came_after_in_the_children",
        "test_parents_before_children_is_the_order_of_every_key",
    ),
)

_NPM: Final = {
    **_same(
        "dynalite 4.0 has no change streams; DynamoDB: LatestStreamArn names one where StreamEnabled was asked for",
        (
            "test_feed_tells_each_new_transition_once_under_its_device",
            "test_feed_keeps_the_order_of_each_device_when_threads_put",
            "test_trimmed_feed_leaves_the_table_whole",
            "test_transition_known_to_the_table_is_not_told_again_after_the_feed_was_trimmed",
            "test_no_transitions_put_is_nothing_told",
            "test_action_comes_back_as_it_was_put_and_stands_on_the_feed_among_the_transitions",
            "test_action_that_is_there_already_is_not_told_again",
        ),
    ),
    **_same(
        "fauxqs 1.9 writes whatever If-Match and If-None-Match say; S3: 412 where the condition does not hold",
        (
            "test_version_that_no_longer_holds_writes_nothing",
            "test_empty_version_writes_nothing_where_there_is_state",
            "test_version_of_another_group_writes_nothing_where_there_is_no_state",
            "test_writes_of_one_call_stand_and_fall_alone_and_answer_in_order",
            "test_of_many_who_commit_on_one_version_exactly_one_wins",
            "test_no_increment_is_lost_when_threads_load_and_commit_again_until_it_holds",
        ),
    ),
    **_same(
        "fauxqs 1.9 answers 500 to an object without content; S3 takes one",
        (
            "test_empty_blob_is_a_blob",
            "test_names_with_the_prefix_come_in_order",
            "test_pages_of_names_join_without_gap_or_copy",
        ),
    ),
    **_same(
        "fauxqs 1.9 delivers all variants of a PublishBatch entry whose MessageStructure is json; "
        "SNS: a subscriber gets the one of its protocol, else the default",
        (
            "test_subscribed_queue_gets_the_notification_and_its_attributes",
            "test_every_subscribed_queue_gets_its_own_copy",
            "test_queue_gets_what_is_published_after_it_subscribed",
            "test_filter_policy_decides_what_a_queue_gets[npm-no policy takes everything]",
            "test_filter_policy_decides_what_a_queue_gets[npm-a policy that names nothing takes everything]",
            "test_filter_policy_decides_what_a_queue_gets[npm-the value matches]",
            "test_filter_policy_decides_what_a_queue_gets[npm-one of the values matches]",
            "test_filter_policy_decides_what_a_queue_gets[npm-all names match]",
            "test_second_subscription_of_a_queue_replaces_the_policy",
            "test_queue_behind_a_route_gets_what_fits_it_and_nothing_else",
        ),
    ),
    "test_shards_divide_the_hash_space_evenly[npm-4]": (
        "kinesis-local 0.6 begins the shards of a stream of four one hash early; "
        "Kinesis: shard n begins at n * 2**128 / 4"
    ),
}

DIFFERENCES: Final[dict[str, dict[str, str]]] = {
    "moto": _MOTO,
    "ministack": _MINISTACK,
    "npm": _NPM,
    "npm-table": {
        "test_blob_of_a_million_bytes_comes_back_whole": (
            "dynalite 4.0 has no transactions; DynamoDB: TransactWriteItems takes 100 items of 4 MB together"
        ),
    },
}
"""Backend to test, all its cases or one with its parameters, to difference."""

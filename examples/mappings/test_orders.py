"""Handlers of a template, tested by the rules of what calls them: ``pytest examples/mappings``."""

import json


def test_orders_are_booked_in_order_and_free_ones_never_arrive(mappings):
    """The filter passes over what costs nothing."""
    shop = mappings("template.yaml")

    shop.put("Orders", {"id": 1, "amount": 30}, {"id": 2, "amount": 0}, {"id": 3, "amount": 12}, key="customer-7")
    shop.settle()

    (call,) = shop.calls("BookOrder")
    assert [record["kinesis"]["sequenceNumber"] for record in call.event["Records"]] == ["1", "3"]


def test_a_broken_order_is_tried_three_times_and_takes_those_behind_it_along(mappings):
    """A batch is cut at the returned number; what is left counts its retries."""
    shop = mappings("template.yaml")

    shop.put("Orders", {"id": 1, "amount": 1}, {"id": "broken", "amount": 1}, {"id": 3, "amount": 1}, key="customer-7")
    shop.settle()

    sizes = [len(call.event["Records"]) for call in shop.calls("BookOrder")]
    (lost,) = map(json.loads, shop.messages("LostOrders"))
    assert sizes == [3, 2, 2, 2]
    assert lost["KinesisBatchInfo"]["batchSize"] == 2


def test_a_label_without_address_is_a_dead_letter_after_two_tries(mappings):
    """Two receives, a minute apart."""
    shop = mappings("template.yaml")

    shop.put("Labels", "Main Street 1", " ").wait("3m")

    assert [len(call.event["Records"]) for call in shop.calls("PrintLabel")] == [2, 1]
    assert shop.messages("DeadLabels") == [" "]


def test_orders_are_given_up_within_a_second_while_the_database_is_down(mappings):
    """Retries alone are used up fast; MaximumRecordAgeInSeconds would wait for the database."""

    def down(*_):
        raise ConnectionError("database is down")

    shop = mappings("template.yaml", handlers={"BookOrder": down})

    shop.put("Orders", {"id": 1, "amount": 1}, key="customer-7").wait("1s")

    assert len(shop.calls("BookOrder")) == 3
    assert len(shop.messages("LostOrders")) == 1

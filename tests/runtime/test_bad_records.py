"""A reader bears bad records, and stops where nothing else comes."""

from aiokafka import TopicPartition

from foothold_runtime.kafka.bad_records import BadRecords, up_to_limit

HERE, THERE = TopicPartition("topic", 0), TopicPartition("topic", 1)


def test_a_partition_is_over_at_the_limit_and_the_other_is_not() -> None:
    bad = BadRecords(2)
    bad.count(HERE, is_bad=True)
    assert not bad.is_over(HERE)

    bad.count(HERE, is_bad=True)
    bad.count(THERE, is_bad=True)

    assert (bad.is_over(HERE), bad.is_over(THERE), bad.in_a_row(HERE)) == (True, False, 2)


def test_a_good_record_begins_the_count_anew() -> None:
    bad = BadRecords(2)
    for is_bad in (True, False, True):
        bad.count(HERE, is_bad=is_bad)

    assert (bad.is_over(HERE), bad.in_a_row(HERE)) == (False, 1)


def test_no_more_are_taken_than_the_limit_bears() -> None:
    assert up_to_limit([True, True, True, False], 0, 3) == (3, 3)
    assert up_to_limit([True, True, False], 1, 3) == (2, 3)
    assert up_to_limit([True, False, True], 1, 3) == (3, 1)

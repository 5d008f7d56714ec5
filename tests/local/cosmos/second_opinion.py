"""What `@vercel/cosmosdb-server` 1.0.1 is known to get wrong: it is not asked these, and this is why.

A test is looked up by its function's name, a query (or a patch) by the patterns in its text.
"""

import re

_TESTS = {
    "test_a_query_in_a_partition_sees_that_partition_alone": "ignores the partition key of a query",
    "test_pages_in_a_partition": "ignores the partition key of a query",
    "test_what_goes_between_two_pages_hides_nothing_else": "refuses a partition key beside SELECT VALUE",
    "test_groups_across_partitions": "has no GROUP BY",
    "test_a_query_without_meaning_is_refused": "answers most of them; says other things about the rest",
    "test_a_query_over_all_partitions_must_be_asked_for": "answers another error",
    "test_what_is_missing_is_not_found": "answers 500 to a missing item",
    "test_an_item_is_found_in_its_own_partition_only": "answers 500 to a missing item",
    "test_a_read_of_what_is_known_has_no_body": "knows no If-None-Match",
    "test_numbers_booleans_and_null_are_partition_keys_of_their_own": "takes 1, true and '1' for the same key",
    "test_an_item_without_a_partition_key": "takes a missing key and null for the same key",
    "test_nested_partition_key_path": "knows no partition key below the top level",
    "test_hierarchical_partition_keys": "knows no hierarchical partition keys",
    "test_the_feed_range_of_a_partition_key_holds_its_items": "knows no feed ranges",
    "test_an_item_above_two_megabytes_is_refused": "has no limit",
    "test_answers_without_a_body_when_asked": "knows no Prefer: return=minimal",
    "test_a_batch_does_all_of_it": "knows no patch in a batch",
    "test_a_batch_that_fails_leaves_no_trace": "knows no patch in a batch, and does not roll back",
    "test_an_expired_item_is_gone": "knows no TTL",
    "test_another_key_is_refused": "checks no key; its account read sends the client to https",
    "test_every_answer_says_its_charge_and_activity": "sends no session token",
}

_QUERIES = {
    r"NOT (BETWEEN|IN)\b": "has no NOT BETWEEN and NOT IN",
    r"\bLIKE\b": "has no LIKE",
    r"\bOFFSET\b": "has no OFFSET LIMIT",
    r"\bDISTINCT\b": "has no DISTINCT",
    r"\bGROUP BY\b": "has no GROUP BY",
    r"\bORDER BY c\.(year|rating)": "leaves out documents that lack the property that ORDER BY names",
    r"STARTSWITH\(.*, true\)": "STARTSWITH takes two arguments only",
    r"ROUND\(-2\.5\)": "rounds halves up, not away from zero",
    r"/\*": "has no such comments",
    r"'path': '/nothing/deeper'": "makes the missing parents of a patch's path",
}


def gets_wrong(test: str, query: str = "", *, in_partition: bool = False) -> str | None:
    """The reason why the second opinion is not asked for this test or query; None when it is."""
    if test in _TESTS:
        return _TESTS[test]
    if in_partition:
        return "refuses a partition key beside SELECT VALUE, and ignores it otherwise"
    return next((reason for pattern, reason in _QUERIES.items() if re.search(pattern, query)), None)

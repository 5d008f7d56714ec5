import pytest

from local.gallery.topics import TOPICS, find


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("landscape", ["landscape"]),
        ("a photo of Mountains!", ["landscape"]),
        ("flower", ["plant"]),
        ("cat in a landscape", ["landscape", "cat"]),
        ("red panda", []),
        ("", []),
        ("landscaped scatter", []),
    ],
)
def test_a_query_finds_topics_by_whole_words(query: str, names: list[str]) -> None:
    assert [topic.name for topic in find(query)] == names


def test_a_word_belongs_to_one_topic_and_every_name_finds_itself() -> None:
    words = [word for topic in TOPICS.values() for word in topic.words]
    assert len(words) == len(set(words))
    for name, topic in TOPICS.items():
        assert find(name) == (topic,)
